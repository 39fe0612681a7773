package front

import (
	"context"
	"fmt"
	"strings"
)

var route53Parts = map[string]part{
	"route53.ChangeResourceRecordSets": {remember: rememberRecordChange},
	"route53.GetChange":                {rewrite: showRecordChange},
}

// rememberRecordChange gives a change an id of its own: moto gives all the same.
func rememberRecordChange(f *Front, _ context.Context, x *exchange, a *answer) {
	info := a.xml().FindElement("ChangeInfo")
	if info == nil {
		return
	}
	id := fmt.Sprintf("C%013d", f.recordChanges.Add(1))
	put(info, "Id", "/change/"+id)
	put(info, "Status", "PENDING")
	f.pending.begin(x.taking(change, id, f.durations.RecordChange))
}

// showRecordChange: https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html
func showRecordChange(f *Front, x *exchange, a *answer) *failure {
	path := x.request.URL.Path
	id := path[strings.LastIndexByte(path, '/')+1:]
	status := "INSYNC"
	if _, unready := f.pending.unready(x.who.Region, id, x.now, change); unready {
		status = "PENDING"
	}
	if info := a.xml().FindElement("ChangeInfo"); info != nil {
		put(info, "Status", status)
	}
	return nil
}
