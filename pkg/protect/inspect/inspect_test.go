package inspect

import (
	"testing"

	"github.com/pilotlight/pilotlight/pkg/protect"
)

func TestKinds_areThereForEveryProtectionFunction(t *testing.T) {
	for _, function := range protect.Functions() {
		if kinds[function.Name].sources == nil {
			t.Errorf("nobody can say how well what %s protects is protected", function.Name)
		}
	}
}
