package plan

import "fmt"

// How long a lock may be, in whole days:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LockSnapshot.html
const longestLock = 36500 * day

func (f *file) readPolicy(it item) Policy {
	m := f.open(it.Node, it.path, "policy")
	if m == nil {
		return Policy{}
	}
	p := Policy{
		Name:      m.text("name", required, policyName),
		Volumes:   readSelector(m, "volumes"),
		Images:    readSelector(m, "images"),
		Snapshots: readSelector(m, "snapshots"),
		Database:  readDatabase(m),
		Every:     m.duration("every", optional, minEvery, longest),
		RPO:       m.duration("rpo", optional, 0, longest),
		Keep:      readKeep(m),
		Key:       m.text("key", optional, keyID),
		Expect:    readExpect(m),
	}
	if b := m.child("bucket", optional, "bucket"); b != nil {
		p.Bucket = &Bucket{Name: b.text("name", required, bucketName), Replica: b.text("replica", required, bucketName)}
		b.end()
	}
	if t := m.child("table", optional, "table"); t != nil {
		p.Table = &Table{Name: t.text("name", required, tableName)}
		t.end()
	}
	if pt := m.child("point", optional, "point"); pt != nil {
		p.Point = &Point{
			LaunchTemplate: pt.text("launch-template", optional, templateName),
			Parameter:      pt.text("parameter", optional, parameterName),
		}
		pt.end()
	}
	if l := m.child("lock", optional, "lock"); l != nil {
		p.Lock = &Lock{Mode: choice(l, "mode", required, []LockMode{Governance, Compliance}), For: l.days("for", required, day, longestLock)}
		l.end()
	}
	m.end()
	return p
}

func readSelector(m *mapping, key string) *Selector {
	s := m.child(key, optional, "selector")
	if s == nil {
		return nil
	}
	selector := &Selector{Tags: map[string]string{}}
	if tags := s.child("tags", required, "tags"); tags != nil {
		for _, k := range tags.keys {
			path := tags.sub(k)
			if problem, instead := tagKey(k); problem != "" {
				tags.wrong(path, problem, instead)
			}
			selector.Tags[k], _ = tags.scalar(tags.values[k], path, tagValue)
		}
		if len(tags.values) == 0 {
			tags.wrong(tags.path, "is empty: it would select everything in the account", examples["tags"])
		}
	}
	s.end()
	return selector
}

func readDatabase(m *mapping) *Database {
	d := m.child("database", optional, "database")
	if d == nil {
		return nil
	}
	database := &Database{
		Instance:       d.text("instance", optional, databaseName),
		Cluster:        d.text("cluster", optional, clusterName),
		Replica:        d.text("replica", optional, databaseName),
		By:             choice(d, "by", optional, []By{Backups, Snapshots}),
		OptionGroup:    d.text("option-group", optional, groupName),
		ParameterGroup: d.text("parameter-group", optional, groupName),
	}
	d.end()
	return database
}

func readKeep(m *mapping) Keep {
	k := m.child("keep", optional, "keep")
	if k == nil {
		return Keep{}
	}
	keep := Keep{
		Hourly: k.count("hourly", optional, 0), Daily: k.count("daily", optional, 0), Weekly: k.count("weekly", optional, 0),
		Monthly: k.count("monthly", optional, 0), Yearly: k.count("yearly", optional, 0),
		Last: k.count("last", optional, 0), Within: k.duration("within", optional, 0, longest),
	}
	k.end()
	return keep
}

func readExpect(m *mapping) *Expect {
	e := m.child("expect", optional, "expect")
	if e == nil {
		return nil
	}
	expect := &Expect{Sources: e.count("sources", required, 1), GiB: e.count("gib", required, 1), Change: e.percent("change", required)}
	e.end()
	return expect
}

// days is a duration in whole days, which is all that AWS takes for some.
func (m *mapping) days(key string, n need, least, most Duration) Duration {
	d := m.duration(key, n, least, most)
	if d%day == 0 {
		return d
	}
	m.wrong(m.sub(key), fmt.Sprintf("%s is not a whole number of days", d), inDays(d.up(day)))
	return 0
}
