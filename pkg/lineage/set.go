package lineage

import (
	"cmp"
	"slices"
	"time"
)

// Group is a set as one region holds it: the points with one Set tag, one of
// each protected volume. It is restored, kept and deleted as a whole.
type Group struct {
	ID      string
	Subject string    // what the set is a recovery point of: see Point.Subject
	TakenAt time.Time // of its oldest data
	Points  []Point   // one an origin, in the order of origins
	Spare   []Point   // points that failed, and duplicates of those in Points
}

// Usable says whether everything of the set is there and complete.
func (g Group) Usable() bool {
	size := 1
	for _, p := range g.Points {
		if p.State != Complete {
			return false
		}
		size = max(size, p.SetSize)
	}
	return len(g.Points) >= size
}

// Pending says whether AWS is still making a part of the set.
func (g Group) Pending() bool {
	return slices.ContainsFunc(g.Points, func(p Point) bool { return p.State == Pending })
}

// Subject is what a set is a recovery point of: the instance whose volumes it
// holds, or, for an image, the policy, because one image stands for the whole
// selection and the instance it was made from may be gone tomorrow.
func (p Point) Subject() string {
	if p.Instance != "" {
		return p.Instance
	}
	return p.Policy
}

// Line is what has a newest point of its own: the volume, or the image policy.
func (p Point) Line() string {
	if p.Instance != "" {
		return p.Origin
	}
	return p.Policy
}

// Groups puts the points of one region into their sets, newest first. A point
// without a Set tag is a set of its own. The answer does not depend on the order
// of the points.
func Groups(points []Point) []Group {
	members := make(map[string][]*Point, len(points)) // a Point is large: pointers are sorted
	for i := range points {
		p := &points[i]
		id := cmp.Or(p.Set, p.ID)
		members[id] = append(members[id], p)
	}
	inOrder := make([]*Group, 0, len(members))
	for id, of := range members {
		inOrder = append(inOrder, group(id, of))
	}
	slices.SortFunc(inOrder, func(a, b *Group) int {
		return cmp.Or(b.TakenAt.Compare(a.TakenAt), cmp.Compare(a.ID, b.ID))
	})
	groups := make([]Group, len(inOrder))
	for i, g := range inOrder {
		groups[i] = *g
	}
	return groups
}

// group is the set that some points make.
func group(id string, of []*Point) *Group {
	slices.SortFunc(of, best)
	g := &Group{ID: id, Subject: of[0].Subject(), TakenAt: of[0].TakenAt, Points: make([]Point, 0, len(of))}
	for _, p := range of {
		// The points of one line are next to each other, the best one first.
		if twin := len(g.Points) > 0 && g.Points[len(g.Points)-1].Line() == p.Line(); twin || p.State == Failed {
			g.Spare = append(g.Spare, *p)
			continue
		}
		g.Points = append(g.Points, *p)
		if p.TakenAt.Before(g.TakenAt) {
			g.TakenAt = p.TakenAt
		}
	}
	return g
}

// best orders the points of one origin so that the one to keep comes first.
func best(a, b *Point) int {
	if c := cmp.Compare(a.Line(), b.Line()); c != 0 {
		return c
	}
	if c := cmp.Compare(rank(a.State), rank(b.State)); c != 0 {
		return c
	}
	return cmp.Compare(a.ID, b.ID)
}

func rank(s State) int {
	switch s {
	case Complete:
		return 0
	case Pending:
		return 1
	default:
		return 2
	}
}

// Encrypted leaves out the points that are complete and bare: what a policy that
// names a key can count on. One that is under way may say later that it is encrypted.
func Encrypted(points []Point) []Point {
	return slices.DeleteFunc(slices.Clone(points), func(p Point) bool { return p.Plain && p.State == Complete })
}
