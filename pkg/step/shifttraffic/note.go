package shifttraffic

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// note is what the TXT record beside a record says: which run changed it last, how
// it was before that run and how the run wants it. It stays when the run is over,
// also an aborted one: the epoch in it is what stops an older run.
type note struct {
	Epoch  int64
	Run    string
	Before string
	To     string
	Change string // id of Route 53's change that made it so; empty: not known yet
}

// noted is the name of the TXT record of a record.
func noted(record string) string { return "_pilotlight." + record }

// noteTTL is short because nobody caches it: only Route 53's API is asked for it.
const noteTTL = 60

// longest is how much one string of a TXT record holds.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#TXTFormat
const longest = 255

// set is the note as a record of that name.
func (n note) set(name string) *types.ResourceRecordSet {
	text := url.Values{
		"epoch": {strconv.FormatInt(n.Epoch, 10)}, "run": {n.Run}, "before": {n.Before}, "to": {n.To}, "change": {n.Change},
	}.Encode()
	var strung []string
	for len(text) > longest {
		strung, text = append(strung, `"`+text[:longest]+`"`), text[longest:]
	}
	value := strings.Join(append(strung, `"`+text+`"`), " ")
	return &types.ResourceRecordSet{
		Name: aws.String(name), Type: types.RRTypeTxt, TTL: aws.Int64(noteTTL), ResourceRecords: []types.ResourceRecord{{Value: aws.String(value)}},
	}
}

var quoted = regexp.MustCompile(`"([^"]*)"`)

// read is what a TXT record says. One that is no note says nothing, and is replaced.
func read(set types.ResourceRecordSet) note {
	var text strings.Builder
	for _, record := range set.ResourceRecords {
		for _, part := range quoted.FindAllStringSubmatch(aws.ToString(record.Value), -1) {
			text.WriteString(part[1])
		}
	}
	said, err := url.ParseQuery(text.String())
	if err != nil {
		return note{}
	}
	epoch, err := strconv.ParseInt(said.Get("epoch"), 10, 64)
	if err != nil {
		return note{}
	}
	return note{epoch, said.Get("run"), said.Get("before"), said.Get("to"), said.Get("change")}
}
