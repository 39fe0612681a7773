package quota

import "strings"

// Families of types that a quota counts, by the letters before the first digit.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
const (
	standard   = "L-1216C47A"
	dl         = "L-6E869C2A"
	f          = "L-74FC7D96"
	gAndVT     = "L-DB2E81BA"
	hpc        = "L-F7808C92"
	highMemory = "L-43DA4232"
	inf        = "L-1945791B"
	p          = "L-417A185B"
	trn        = "L-2C3B7624"
	x          = "L-7295265B"
)

// whole are families whose first letter belongs to another one. A Mac is a dedicated
// host, which no quota of vCPUs counts.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-mac-instances.html
var whole = map[string]string{"dl": dl, "vt": gAndVT, "hpc": hpc, "u": highMemory, "inf": inf, "trn": trn, "mac": ""}

var byLetter = map[byte]string{'f': f, 'g': gAndVT, 'p': p, 'x': x}

// code is the quota that counts a type; empty: none that we know.
func code(kind string) string {
	family := kind
	if end := strings.IndexAny(kind, "0123456789-."); end >= 0 {
		family = kind[:end]
	}
	if family == "" {
		return ""
	}
	if quota, ok := whole[family]; ok {
		return quota
	}
	if strings.IndexByte("acdhimrtz", family[0]) >= 0 {
		return standard
	}
	return byLetter[family[0]]
}
