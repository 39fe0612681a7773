package plan

// Drill is what keeps a drill apart from what serves. Everything that a drill
// makes carries its run in a tag and a time after which it is removed.
type Drill struct {
	Subnets         []string `json:"subnets,omitempty"`          // where instances and databases go: no route to production
	SecurityGroups  []string `json:"security-groups,omitempty"`  // instead of those of templates and databases
	InstanceProfile string   `json:"instance-profile,omitempty"` // instead of the template's: no production queue is drained by a drill
	Role            string   `json:"role,omitempty"`             // the IAM role of InstanceProfile, which steps must be allowed to pass on
	SubnetGroup     string   `json:"subnet-group,omitempty"`     // DB subnet group of restored databases
	// Suffix is added to the name of whatever a drill makes under a name, and
	// leads the path of the parameters that it writes; zero in the file means "drill".
	Suffix string `json:"suffix"`
	Size   int    `json:"size,omitempty"` // instances a step launches, or capacity of a group; zero means as many as in a failover
	// TTL is how long what a drill makes may stay; zero in the file means DefaultTTL.
	TTL     Duration `json:"ttl"`
	Windows []Window `json:"windows,omitempty"` // when drills may begin; empty: at any time
	// Alarms in the recovery region stop a drill, and none begins while one of them
	// is in ALARM.
	Alarms []string `json:"alarms,omitempty"`
}

// DefaultTTL is a working day.
const DefaultTTL = Duration(8 * 60 * 60 * 1e9)

// Named is the name that a drill gives to what is called name otherwise.
func (d *Drill) Named(name string) string {
	if d == nil {
		return name
	}
	return name + "-" + d.Suffix
}

// Path is the name of the parameter that a drill writes instead of name.
func (d *Drill) Path(name string) string {
	if d == nil {
		return name
	}
	return "/" + d.Suffix + name
}

// Watched are the alarms that stop a drill, in the recovery region.
func (d *Drill) Watched(recovery string) []Alarm {
	if d == nil {
		return nil
	}
	alarms := make([]Alarm, len(d.Alarms))
	for i, name := range d.Alarms {
		alarms[i] = Alarm{Name: name, Region: recovery}
	}
	return alarms
}
