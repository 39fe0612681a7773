package plan

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

const (
	maxTries      = 6           // a minute: a try every ten seconds
	maxTryTimeout = 10 * second // so that a minute's tries fit a minute
	maxSilence    = day
	maxAnswer     = 7 * day
)

func readDetect(m *mapping) Detect {
	d := Detect{
		Mode:     choice(m, "mode", required, []Mode{Automatic, ByApproval, Manual}),
		Quorum:   m.count("quorum", optional, 1),
		Hold:     m.duration("hold", optional, 0, day),
		Cooldown: m.duration("cooldown", optional, minute, 30*day),
		Answer:   m.duration("answer", optional, minute, maxAnswer),
	}
	if _, given := m.values["hold"]; !given {
		d.Hold = DefaultHold
	}
	for _, it := range m.list("alarms", optional) {
		if a := m.open(it.Node, it.path, "alarm"); a != nil {
			d.Alarms = append(d.Alarms, readAlarm(a))
		}
	}
	if p := m.child("probe", optional, "probe"); p != nil {
		d.Probe = readProbe(p)
	}
	if h := m.child("heartbeat", optional, "heartbeat"); h != nil {
		d.Heartbeat = &Heartbeat{For: h.duration("for", optional, minute, maxSilence)}
		h.end()
	}
	for _, it := range m.list("windows", optional) {
		if w := m.open(it.Node, it.path, "window"); w != nil {
			d.Windows = append(d.Windows, readWindow(w))
		}
	}
	m.end()
	return d
}

func readAlarm(m *mapping) Alarm {
	votes := []Vote{Disaster, Unknown, Well}
	a := Alarm{
		Name: m.text("name", required, alarmName), Region: m.region("region", required),
		NoData: choice(m, "no-data", optional, votes), Unreadable: choice(m, "unreadable", optional, votes),
	}
	m.end()
	return a
}

func readProbe(m *mapping) *Probe {
	p := &Probe{
		URL:     m.text("url", optional, webAddress),
		Status:  m.within("status", optional, 100, 599),
		Body:    m.text("body", optional, line),
		TCP:     m.text("tcp", optional, hostPort),
		DNS:     m.text("dns", optional, dnsName),
		Answer:  m.text("answer", optional, line),
		From:    m.texts("from", optional, regionName),
		Tries:   m.within("tries", optional, 1, maxTries),
		Timeout: m.duration("timeout", optional, second, maxTryTimeout),
		For:     m.duration("for", optional, minute, maxSilence),
	}
	m.end()
	return p
}

// hostPort is the format of what accepts TCP connections.
func hostPort(s string) (problem, instead string) {
	instead = "a host and a port such as shop.example.com:443"
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Sprintf("%q is not a host and a port", shorten(s)), instead
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Sprintf("%q is not a port", shorten(port)), instead
	}
	if problem, _ := dnsName(strings.ToLower(host)); problem != "" && net.ParseIP(host) == nil {
		return problem, instead
	}
	return "", ""
}
