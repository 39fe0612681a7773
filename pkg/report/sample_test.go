package report

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/run"
)

var struck = time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)

func after(minutes, seconds int) time.Time {
	return struck.Add(time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second)
}

// sample is a run as a pilot light has it.
func sample() *Report {
	step := func(name, kind string, from, to time.Time, detail string) Step {
		return Step{Name: name, Kind: kind, Outcome: Done, Started: from, Finished: to, Detail: detail}
	}
	return &Report{
		Plan: "storefront", Strategy: "pilot-light", Scenario: "power-loss",
		Primary: "us-east-1", Recovery: "us-west-2", End: run.Recovered, Posture: run.Active,
		RTO:      Measure{ObjectiveSeconds: 1800, MeasuredSeconds: Seconds(15*time.Minute + 41*time.Second)},
		RPO:      Measure{ObjectiveSeconds: 3600, MeasuredSeconds: Seconds(23*time.Minute + 12*time.Second)},
		StruckAt: struck, DetectedAt: after(1, 4), StartedAt: after(1, 9), MovedAt: after(14, 0),
		Steps: []Step{
			step("orders", "promote-database", after(1, 12), after(9, 40), "orders-replica is db.r6g.large, Multi-AZ, writable"),
			step("web", "launch-instances", after(1, 12), after(4, 30), "4 of 4 running in 2 zones, all targets healthy"),
			step("workers", "launch-instances", after(1, 12), after(3, 2), "2 of 2 running in 2 zones"),
			step("restore-volumes", "restore-volumes", after(3, 4), after(4, 1), "4 volumes of one set attached"),
			step("set-parameter", "set-parameter", after(9, 43), after(9, 48), "/storefront/database/host is the new endpoint"),
			step("verify", "verify", after(9, 51), after(11, 2), "https://dr.shop.example.com/healthz was good for a minute"),
			step("shift-traffic", "shift-traffic", after(11, 5), after(13, 40), "shop.example.com answers with the recovery region"),
		},
		RecoveryPoints: []RecoveryPoint{
			{Source: "vol-0a1b2c3d4e5f60718", Policy: "data", TakenAt: after(-23, -12), AgeSeconds: 1392, ObjectiveSeconds: 3600},
			{Source: "vol-0b1b2c3d4e5f60719", Policy: "data", TakenAt: after(-23, -12), AgeSeconds: 1392, ObjectiveSeconds: 3600},
			{Source: "ami-0c1b2c3d4e5f6071a", Policy: "web", TakenAt: after(-380, 0), AgeSeconds: 22800, ObjectiveSeconds: 172800},
			{Source: "orders", Policy: "replica", TakenAt: after(0, -2), AgeSeconds: 2},
		},
		Calls: []Call{
			{Role: "promote-database", Service: "rds", Action: "DescribeDBInstances", Region: "us-west-2", Count: 14},
			{Role: "promote-database", Service: "rds", Action: "PromoteReadReplica", Region: "us-west-2", Count: 1, Mutating: true},
			{Role: "promote-database", Service: "dynamodb", Action: "GetItem", Region: "us-west-2", Count: 15},
			{Role: "launch-instances", Service: "ec2", Action: "CreateFleet", Region: "us-west-2", Count: 2, Mutating: true},
			{Role: "launch-instances", Service: "ec2", Action: "DescribeInstances", Region: "us-west-2", Count: 11},
			{Role: "launch-instances", Service: "elasticloadbalancing", Action: "RegisterTargets", Region: "us-west-2", Count: 1, Mutating: true},
			{Role: "snapshots", Service: "ec2", Action: "DescribeVolumes", Region: "us-east-1", Count: 4, Hung: 2},
			{Role: "shift-traffic", Service: "dynamodb", Action: "UpdateItem", Region: "us-west-2", Count: 1, Mutating: true},
			{Role: "application", Service: "ssm", Action: "GetParameter", Region: "us-west-2", Count: 6, Outside: true},
		},
		TimeScale: 60, JumpedSeconds: 7260, StoodSeconds: 2.4,
		Modelled: []Duration{
			{Name: "RDS replica promotion", Seconds: 420, Source: "field: 5–10 min; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Promote.html: several minutes, with a reboot"},
			{Name: "Instance pending → running", Seconds: 40, Source: "field: 20–60 s; https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html gives none"},
			{Name: "EBS snapshot", Seconds: 300, Source: "field: 1–15 min for a changed volume"},
		},
		Shopper: Shopper{
			Attempts: 1301, Misses: 942, OutFrom: after(0, 1), OutTo: after(15, 42),
			Segments: []Segment{
				{From: after(-4, 0), To: after(0, 0), OK: true, Address: "192.0.2.10", Visits: 240},
				{From: after(0, 1), To: after(13, 59), Address: "192.0.2.10", Visits: 839},
				{From: after(14, 0), To: after(15, 41), Address: "198.51.100.10", Visits: 102},
				{From: after(15, 42), To: after(17, 41), OK: true, Address: "198.51.100.10", Visits: 120},
			},
		},
		Checks: []Check{
			{What: "four web servers run in two zones", OK: true, Seen: "2 in us-west-2a, 2 in us-west-2b"},
			{What: "volumes come from one consistent set", OK: true, Seen: "set 7f3a, 4 volumes"},
			{What: "the database accepts writes", OK: true, Seen: "orders-replica, available, no replica source"},
			{What: "shop.example.com leads to the recovery region", OK: true, Seen: "198.51.100.10"},
		},
		Took: Took{RealSeconds: 48.3},
	}
}

// broken is a run that went wrong in every way a report knows.
func broken() *Report {
	r := sample()
	r.End, r.Posture = run.Dirty, run.NeedsPerson
	r.Reason = "attach vol-0123: <no such device>; begun and not done: orders, restore-volumes"
	r.RTO = Measure{ObjectiveSeconds: 1800, WhyNot: "users were never served again"}
	r.RPO.MeasuredSeconds = Seconds(2 * time.Hour)
	r.MovedAt, r.Shopper.OutTo = time.Time{}, time.Time{}
	r.Shopper.Segments = r.Shopper.Segments[:2]
	r.Steps[3].Outcome, r.Steps[3].Detail = Failed, "attach vol-0123: <no such device>"
	r.Steps[0].Outcome, r.Steps[0].Finished, r.Steps[0].Detail = Unfinished, time.Time{}, ""
	for n := 4; n < len(r.Steps); n++ {
		r.Steps[n].Outcome, r.Steps[n].Started, r.Steps[n].Finished, r.Steps[n].Detail = Skipped, time.Time{}, time.Time{}, ""
	}
	r.RecoveryPoints[0].AgeSeconds = 7200
	r.Checks[0].OK, r.Checks[0].Seen = false, ""
	r.Leftovers = []string{"vol-0f1e2d3c"}
	r.Problems = []string{"Two executions were started."}
	return r
}
