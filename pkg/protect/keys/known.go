package keys

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// known is what the copies that exist tell of the keys. A complete copy proves the
// keys that it was made with for as long as it keeps the RPO: one that was begun
// later and failed takes the proof back, and so does the lack of any newer one.
type known struct {
	service     service                  // that makes the copies
	key         string                   // the pass's, as it is named
	arn         string                   // its ARN, where a copy or KMS has told it
	destination bool                     // it is proved
	plain       bool                     // it is proved that what is plain may be copied as it is
	failed      bool                     // the newest copy under it that came to an end failed
	sources     map[string]bool          // source keys that are proved, by ARN
	lines       map[string]bool          // lines whose keys are proved, on both sides
	newest      map[string]lineage.Point // complete copy of a line, under whatever key
}

// learn reads the copies in the order in which they were begun.
func learn(pass protect.Pass, sources, copies []lineage.Point) *known {
	k := &known{service: serviceOf(pass.Policy), key: pass.Key(), sources: map[string]bool{}, lines: map[string]bool{}, newest: map[string]lineage.Point{}}
	// The key of a volume or a database never changes, so any source of a line tells it.
	// https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html
	// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html
	keyOf := map[string]string{}
	for _, s := range sources {
		keyOf[s.Line()] = s.Key
	}
	inOrder := slices.Clone(copies)
	slices.SortFunc(inOrder, func(a, b lineage.Point) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	for _, c := range inOrder {
		complete := c.State == lineage.Complete
		if complete && !c.TakenAt.Before(k.newest[c.Line()].TakenAt) {
			k.newest[c.Line()] = c
		}
		ours := c.Under == k.key
		if ours && c.State != lineage.Failed && c.Key != "" {
			k.arn = c.Key
		}
		if c.State == lineage.Pending {
			continue
		}
		proof := complete && pass.Now.Sub(c.TakenAt) <= pass.Policy.RPO.D()
		k.sources[keyOf[c.Line()]] = proof
		if !ours {
			continue
		}
		k.lines[c.Line()] = proof
		if keyOf[c.Line()] == "" {
			k.plain = proof
		}
		// An unencrypted copy, under a policy without a key, has used none.
		if k.service.encrypts || c.Key != "" || !complete {
			k.destination, k.failed = proof, !complete
		}
	}
	return k
}

// overdue is how long a source is done before its copy should have been begun: with
// a free slot the next pass begins it, and one that failed is begun again after
// lineage.Pause.
const overdue = 3 * time.Duration(plan.PassEvery)

// distrust takes the proof from keys whose copies are overdue. A failed copy is
// deleted soon, and the complete one before it would prove until the RPO breaks that
// a key works which was disabled since.
func (k *known) distrust(now time.Time, wanted []backlog.Copy) {
	for _, w := range wanted {
		if !w.Done.IsZero() && now.Sub(w.Done) > overdue {
			k.destination, k.plain, k.sources[w.Key] = false, false, false
		}
	}
}

// proved says whether the keys that a copy needs need no check.
func (k *known) proved(w backlog.Copy) bool {
	switch {
	case len(w.Parts) > 0: // an image: it does not say which keys it needs
		return k.lines[w.Line()]
	case w.Key == "":
		return k.destination || !k.service.encrypts && (k.plain || !k.service.region)
	}
	return k.destination && k.sources[w.Key]
}

// changed announces that the wanted copies of lines whose newest complete copy is
// under another key will be full ones.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
func (k *known) changed(pass protect.Pass, wanted []backlog.Copy) string {
	var from []string
	lines, gib, to := 0, 0, cmp.Or(k.key, "the default key of "+pass.To.Region)
	for _, w := range wanted {
		before, ok := k.newest[w.Line()]
		if !ok || k.same(before) {
			continue
		}
		was := cmp.Or(before.Under, before.Key, "none")
		if before.Under == k.key { // the alias, or the default, means another key now
			was, to = before.Key, k.arn
		}
		if !slices.Contains(from, was) {
			from = append(from, was)
		}
		lines, gib = lines+1, gib+w.SizeGiB
	}
	if lines == 0 || !k.service.grows {
		return ""
	}
	slices.Sort(from)
	return fmt.Sprintf("the key of policy %s changed from %s to %s: the next copies are full, %s, %s GiB",
		pass.Policy.Name, strings.Join(from, " and "), to, counted(lines, k.service.thing), thousands(gib))
}

// same says whether a copy is under the key. Its ARN tells, where both are known:
// an alias may point elsewhere by now, and two aliases at one key.
func (k *known) same(c lineage.Point) bool {
	switch {
	case c.Key != "" && k.arn != "":
		return c.Key == k.arn
	case c.Key != "" && (c.Key == k.key || strings.HasSuffix(c.Key, ":key/"+k.key)):
		return true
	}
	return c.Under == k.key
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return thousands(n) + " " + thing + "s"
}

func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
