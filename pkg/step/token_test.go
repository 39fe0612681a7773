package step

import "testing"

func TestToken_isTheSameForTheSameRequestAlone(t *testing.T) {
	r := Run{ID: "storefront-3", Step: "web"}
	token := r.Token("us-west-2a", "m7g.large")
	if again := r.Token("us-west-2a", "m7g.large"); again != token || len(token) != 64 {
		t.Fatalf("Token = %q, then %q; want the same 64 characters", token, again)
	}
	others := map[string]string{
		"another run":  Run{ID: "storefront-4", Step: "web"}.Token("us-west-2a", "m7g.large"),
		"another step": Run{ID: "storefront-3", Step: "workers"}.Token("us-west-2a", "m7g.large"),
		"another part": r.Token("us-west-2a", "m6g.large"),
		"other bounds": r.Token("us-west-2am7g.large"),
	}
	for name, other := range others {
		if other == token {
			t.Errorf("%s has the same token", name)
		}
	}
}
