package plan

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExpand_putsOutputsInThePlaceOfTheirReferences(t *testing.T) {
	got, err := Expand("db=${orders.endpoint}:${orders.port} $5 {x}", func(r Reference) (string, error) {
		return "<" + r.Step + " " + r.Output + ">", nil
	})
	if want := "db=<orders endpoint>:<orders port> $5 {x}"; err != nil || got != want {
		t.Errorf("Expand = %q, %v; want %q", got, err, want)
	}
}

func TestExpand_returnsWhatTheLookUpAnswers(t *testing.T) {
	unknown := errors.New("unknown")
	if _, err := Expand("${a.b}", func(Reference) (string, error) { return "", unknown }); !errors.Is(err, unknown) {
		t.Errorf("err = %v", err)
	}
}

func TestReferences_refusesWhatOnlyLooksLikeOne(t *testing.T) {
	for _, value := range []string{"${", "${}", "${a}", "${a.}", "${.b}", "${a.b", "${a b.c}", "${a.b.c}", "x${a.1}"} {
		if refs, err := References(value); err == nil {
			t.Errorf("References(%q) = %v", value, refs)
		}
	}
	refs, err := References("${a.b}${c-1.D-e}")
	if diff := cmp.Diff([]Reference{{"a", "b"}, {"c-1", "D-e"}}, refs); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
