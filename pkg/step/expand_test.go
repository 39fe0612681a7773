package step

import (
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

var orders = Run{Outputs: map[string]map[string]string{"orders": {"endpoint": "db.example", "note": "${orders.endpoint}"}}}

func TestExpand_putsOutputsInThePlaceOfReferences(t *testing.T) {
	for value, want := range map[string]string{
		"plain":                                "plain",
		"":                                     "",
		"${orders.endpoint}":                   "db.example",
		"jdbc://${orders.endpoint}/x?$y={a.b}": "jdbc://db.example/x?$y={a.b}",
		"${orders.note}":                       "${orders.endpoint}", // an output is not expanded again
	} {
		if got, err := orders.Expand(value); err != nil || got != want {
			t.Errorf("Expand(%q) = %q, %v; want %q", value, got, err, want)
		}
	}
}

func TestExpand_namesTheOutputsThatThereAre(t *testing.T) {
	for value, want := range map[string]string{
		"${order.endpoint}": "there are: ${orders.endpoint}, ${orders.note}",
		"${orders}":         `"${orders}"`,
	} {
		_, err := orders.Expand(value)
		if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), want) {
			t.Errorf("Expand(%q): %v; want a permanent error that says %s", value, err, want)
		}
	}
}
