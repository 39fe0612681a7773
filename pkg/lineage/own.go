package lineage

import (
	"maps"
	"slices"
	"strings"
)

// Most is how many of the team's own tags fit beside Pilotlight's. A resource may
// have fifty, AWS's own not counted; a copy has ten of Pilotlight's and, when it is
// marked for deletion, one more, and a volume that is restored from it has ten.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
const Most = 50 - 11

// Own are the tags that the team wrote: neither AWS's, which nobody else may
// write, nor Pilotlight's, which say something of one resource alone.
func Own(tags map[string]string) map[string]string {
	own := map[string]string{}
	for key, value := range tags {
		if !strings.HasPrefix(strings.ToLower(key), "aws:") && !strings.HasPrefix(key, Prefix) {
			own[key] = value
		}
	}
	return own
}

// Carry puts the team's own tags beside Pilotlight's. Of more than Most it leaves
// out the last in the order of their keys, and says which; those with a key of
// first, which a policy selects by, go before the others. A copy without some of
// its tags is better than no copy.
func Carry(ours, own, first map[string]string) (tags map[string]string, left []string) {
	tags = maps.Clone(ours)
	keys := slices.SortedFunc(maps.Keys(own), func(a, b string) int {
		_, aFirst := first[a]
		_, bFirst := first[b]
		if aFirst != bFirst {
			if aFirst {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, key := range keys[:min(Most, len(keys))] {
		tags[key] = own[key]
	}
	return tags, keys[min(Most, len(keys)):]
}
