package databases

import "testing"

func TestMisfit_knowsEnginesAndTheirMajorVersions(t *testing.T) {
	for name, c := range map[string]struct {
		group           group
		engine, version string
		fits            bool
	}{
		"a family":                        {group{family: "mysql8.0"}, "mysql", "8.0.35", true},
		"another major version":           {group{family: "mysql8.4"}, "mysql", "8.0.35", false},
		"a major version of one number":   {group{family: "postgres16"}, "postgres", "16.3", true},
		"a longer number":                 {group{family: "postgres1"}, "postgres", "16.3", false},
		"another engine":                  {group{family: "mariadb10.6"}, "mysql", "10.6.1", false},
		"an engine that begins alike":     {group{family: "oracle-se2-cdb-19"}, "oracle-se2", "19.0.0.0.ru-2024-01.rur-2024-01.r1", false},
		"oracle":                          {group{family: "oracle-ee-19"}, "oracle-ee", "19.0.0.0.ru-2024-01.rur-2024-01.r1", true},
		"sql server, zeros apart":         {group{family: "sqlserver-se-15.0"}, "sqlserver-se", "15.00.4236.7.v1", true},
		"aurora":                          {group{family: "aurora-mysql8.0"}, "aurora-mysql", "8.0.mysql_aurora.3.04.0", true},
		"an option group":                 {group{engine: "mysql", major: "8.0"}, "mysql", "8.0.35", true},
		"an option group of another":      {group{engine: "mysql", major: "5.7"}, "mysql", "8.0.35", false},
		"an option group, zeros the same": {group{engine: "sqlserver-se", major: "15.00"}, "sqlserver-se", "15.00.4236.7.v1", true},
		"none":                            {group{}, "mysql", "8.0.35", false},
	} {
		t.Run(name, func(t *testing.T) {
			c.group.name = "tuned"
			if why := c.group.misfit("group", "us-west-2", c.engine, c.version); (why == "") != c.fits {
				t.Errorf("misfit: %q", why)
			}
		})
	}
}
