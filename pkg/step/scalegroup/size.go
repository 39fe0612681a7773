package scalegroup

import (
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// size of a group; of a service, desired alone.
type size struct{ least, most, desired int }

func (s size) String() string { return fmt.Sprintf("%d %d %d", s.least, s.most, s.desired) }

func (s size) words() string { return fmt.Sprintf("%d in service", s.desired) }

func (s size) progress(serving int) string {
	return fmt.Sprintf("%d of %d in service", serving, s.desired)
}

func read(note string) (size, error) {
	var s size
	if _, err := fmt.Sscanf(note, "%d %d %d", &s.least, &s.most, &s.desired); err != nil {
		return s, step.Permanent("the note %q of the size before is not one of this step's: give the group the size that it had by hand", note)
	}
	return s, nil
}

// wanted is the size that the run needs, never smaller than what is.
func wanted(r step.Run, spec plan.ScaleGroup, now size) size {
	desired, least, most := spec.Desired, spec.Min, spec.Max
	if r.Drill != nil {
		desired, least, most = r.Drill.Size, 0, 0
	}
	desired = max(desired, now.desired)
	if spec.Service != "" {
		return size{desired: desired}
	}
	return size{least: max(least, now.least), most: max(most, now.most, desired), desired: desired}
}
