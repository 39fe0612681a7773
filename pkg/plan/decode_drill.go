package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxTTL is how long what a drill made may be forgotten.
const maxTTL = 7 * day

func readDrill(m *mapping) *Drill {
	d := &Drill{
		Subnets:         m.texts("subnets", optional, subnetID),
		SecurityGroups:  m.texts("security-groups", optional, securityGroup),
		InstanceProfile: m.text("instance-profile", optional, profileName),
		Role:            m.text("role", optional, roleName),
		SubnetGroup:     m.text("subnet-group", optional, subnetGroup),
		Suffix:          m.text("suffix", optional, suffix),
		Size:            m.count("size", optional, 0),
		TTL:             m.duration("ttl", optional, 0, maxTTL),
		Alarms:          m.texts("alarms", optional, alarmName),
	}
	for _, it := range m.list("windows", optional) {
		if w := m.open(it.Node, it.path, "window"); w != nil {
			d.Windows = append(d.Windows, readWindow(w))
		}
	}
	m.end()
	return d
}

func readWindow(m *mapping) Window {
	w := Window{
		Days: m.texts("days", required, weekday),
		From: m.text("from", required, clock),
		To:   m.text("to", required, clock),
		Zone: m.text("zone", optional, timeZone),
	}
	m.end()
	return w
}

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func weekday(s string) (problem, instead string) {
	if slices.Contains(weekdays, s) {
		return "", ""
	}
	instead = "one of " + strings.Join(weekdays, ", ")
	if short := strings.ToLower(s[:min(len(s), 3)]); slices.Contains(weekdays, short) {
		instead = short
	}
	return fmt.Sprintf("%q is not a day of the week", shorten(s)), instead
}

// clock is the format of an hour and a minute, in two digits each, so that times
// compare as texts do. 24:00 is the end of the day.
var clock = corrected(matching(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`, 5, "a time of day", "a time of day such as 08:00"),
	func(s string) string { return "0" + s })

func isClock(s string) bool {
	problem, _ := clock(s)
	return problem == ""
}

func timeZone(s string) (problem, instead string) {
	if _, err := time.LoadLocation(s); err != nil || s == "" || s == "Local" {
		return fmt.Sprintf("%q is no IANA time zone", shorten(s)), "a zone such as Europe/Berlin, or leave the field out for UTC"
	}
	return "", ""
}
