package plan

import "fmt"

func (f *file) checkDetect(p *Plan) {
	d := p.Detect
	if d.Mode != Manual && d.Mode != "" && f.at["detect.alarms"] == nil && f.at["detect.probe"] == nil && f.at["detect.heartbeat"] == nil {
		f.wrong("detect.mode", string(d.Mode)+" needs a signal", "a probe, a heartbeat, or alarms in "+orWord(p.Recovery, "the recovery region")+"; or mode: manual")
	}
	if d.Mode == ByApproval && p.Notify == "" && f.at["notify"] == nil {
		f.wrong("detect.mode", "approve asks people, and the plan does not say where", "notify: and the name of an SNS topic in "+orWord(p.Recovery, "the recovery region"))
	}
	named := map[string]string{}
	for i, a := range d.Alarms {
		if a.Name != "" {
			path := fmt.Sprintf("detect.alarms[%d]", i)
			f.unique(named, a.Name+" in "+a.Region, path, path+".name", "each alarm once")
		}
	}
	if d.Mode == Automatic && d.Hold < DefaultHold && (d.Quorum == 1 || d.Quorum == 0 && len(p.Signals().Alarms) == 1) {
		f.wrong("detect.hold", fmt.Sprintf("one signal alone starts a failover after %s: it would at an alarm that flaps", d.Hold), "3m or more, or a second signal and quorum: 2")
	}
	f.checkProbe(p)
	f.checkWindows("detect.windows", d.Windows)
	f.checkQuorum(p)
}

func (f *file) checkProbe(p *Plan) {
	probe := p.Detect.Probe
	if probe == nil {
		return
	}
	asks := 0
	for _, field := range []string{"url", "tcp", "dns"} {
		if f.has("detect.probe." + field) {
			asks++
		}
	}
	if asks != 1 {
		f.wrong("detect.probe", fmt.Sprintf("asks %d things; a probe asks one", asks), "one of url, tcp and dns")
	}
	for _, needs := range [][2]string{{"status", "url"}, {"body", "url"}, {"answer", "dns"}} {
		if f.has("detect.probe."+needs[0]) && !f.has("detect.probe."+needs[1]) {
			f.wrong("detect.probe."+needs[0], "has no effect without "+needs[1], "nothing: leave the field out")
		}
	}
	if probe.For%minute != 0 {
		f.wrong("detect.probe.for", probe.For.String()+" is no number of whole minutes, and a probe is judged by the minute", (probe.For/minute*minute + minute).String())
	}
	for i, region := range probe.From {
		if region == p.Primary && region != "" {
			f.wrong(fmt.Sprintf("detect.probe.from[%d]", i), "the probe would fail together with the primary region, and nobody could read it", orWord(p.Recovery, "the recovery region")+", or a third region")
		}
	}
}

// checkQuorum refuses a quorum that no disaster reaches: one that needs signals which
// nobody can read once the primary region is gone. An alarm lives where its metric
// does; those of Route 53's health checks are in us-east-1 alone.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
func (f *file) checkQuorum(p *Plan) {
	signals := p.Signals()
	if h := p.Detect.Heartbeat; h != nil && h.For%minute != 0 {
		f.wrong("detect.heartbeat.for", h.For.String()+" is no number of whole minutes, and a heartbeat is judged by the minute", (h.For/minute*minute + minute).String())
	}
	if len(signals.Alarms) == 0 {
		if f.has("detect.quorum") {
			f.wrong("detect.quorum", "is of no signals", "nothing: leave the field out")
		}
		return
	}
	n, quorum := len(signals.Alarms), p.Detect.Quorum
	if p.Detect.Probe != nil && len(p.Detect.Probe.From) == 0 {
		n++ // the recovery region's, which fill adds later
	}
	left := n
	for _, a := range p.Detect.Alarms {
		if a.Region == p.Primary && a.Region != "" {
			left--
		}
	}
	if !f.has("detect.quorum") {
		quorum = n
	}
	switch {
	case p.Primary == p.Recovery: // which is what is wrong
	case quorum > n:
		f.wrong("detect.quorum", fmt.Sprintf("%d of %d signals can never be", quorum, n), fmt.Sprintf("%d or less", n))
	case quorum > left:
		why := fmt.Sprintf("needs %d signals, and %d of %d can be read once %s is gone: the others are alarms that live there", quorum, left, n, p.Primary)
		if p.Primary == "us-east-1" {
			why += ", as all alarms on Route 53 health checks do"
		}
		instead := "alarms in " + orWord(p.Recovery, "the recovery region") + ", or a probe"
		if left > 0 {
			instead += fmt.Sprintf("; or quorum: %d", left)
		}
		f.wrong("detect.alarms", why, instead)
	}
}

// lintDetect warns of a decision that one mistake leads to, and of one nobody hears of.
func (f *file) lintDetect(p *Plan) {
	d := p.Signals()
	if d.Mode != Manual && d.Quorum == 1 {
		f.warn("detect", "one signal alone makes a disaster: a false one starts a failover, or asks for it", "a second signal, such as probe: {url: https://shop.example.com/healthz}, and quorum: 2")
	}
	if len(d.Alarms) > 0 && p.Notify == "" && len(p.Protect) == 0 {
		f.warn("detect", "nobody hears of a disaster, nor is asked when something speaks against an automatic start", "notify: and the name of an SNS topic in "+p.Recovery)
	}
}
