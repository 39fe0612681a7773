package blueprint

import "fmt"

// What IAM has room for, in characters that are not white space: all policies
// inside a role together, one managed policy, and how many of those a role takes.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	roleRoom    = 10_240
	managedRoom = 6_144
	mostManaged = 10

	// frame is what a policy has around its grants; a function's has the
	// permission to write its log there, too.
	frame = 400
)

// Policies divides the grants of a role into its own policy, which comes first, and
// managed ones for what that has no room for: a plan with every kind of policy, in
// two accounts or three regions, needs more than a role holds.
func Policies(grants []Grant) [][]Grant {
	policies, left := [][]Grant{nil}, []int{roleRoom - frame}
	for _, g := range grants {
		size, i := g.size(), 0
		for i < len(policies) && left[i] < size {
			i++
		}
		if i == len(policies) {
			policies, left = append(policies, nil), append(left, managedRoom-frame)
		}
		policies[i] = append(policies[i], g)
		left[i] -= size
	}
	return policies
}

// checkRoom refuses what IAM would refuse in the middle of a deployment.
func (b *Blueprint) checkRoom() error {
	holders := map[string][]Grant{}
	for _, f := range b.Functions {
		holders[f.Deployed] = f.Grants
	}
	if b.Source != nil {
		holders[b.Source.Name] = b.Source.Grants
	}
	for role, grants := range holders {
		policies := Policies(grants)
		fits := len(policies) <= 1+mostManaged
		for _, managed := range policies[1:] {
			fits = fits && (len(managed) > 1 || managed[0].size() <= managedRoom-frame)
		}
		if !fits {
			return fmt.Errorf("role %s needs more than IAM has room for: protect less in plan %s, and the rest in a plan of its own", role, b.Plan)
		}
	}
	return nil
}

// size is how many characters a grant takes as a statement, at most.
func (g Grant) size() int {
	const statement, quotes, account = 120, 3, 2 // the words of every statement; around a value; 12 digits for a token of 10
	size := statement
	for _, action := range g.Actions {
		size += len(action) + quotes
	}
	for _, resource := range g.Resources {
		size += len(resource) + quotes + account
	}
	for _, region := range g.Regions {
		size += len(region) + quotes
	}
	for operator, keys := range g.Condition {
		size += len(operator) + 2*quotes
		for key, value := range keys {
			size += len(key) + len(value) + 2*quotes
		}
	}
	return size
}
