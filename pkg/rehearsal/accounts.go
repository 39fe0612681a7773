package rehearsal

import "github.com/pilotlight/pilotlight/pkg/plan"

// accounts are the owners of the plan's regions when it names them.
func accounts(p *plan.Plan) map[string]string {
	if p.Accounts == nil {
		return nil
	}
	owners := map[string]string{p.Primary: p.Accounts.Primary, p.Next: p.Accounts.Primary, p.Recovery: p.Accounts.Recovery}
	for _, signal := range p.Signals().Alarms[len(p.Detect.Alarms):] {
		owners[signal.Region] = p.Accounts.Recovery // the probe's, wherever it is
	}
	return owners
}
