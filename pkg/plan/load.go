package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds what is parsed. A plan of a hundred steps is 20 KiB; a file of
// a megabyte is a mistake or an attack.
const maxFile = 1 << 20

// LoadFile reads and checks one plan file. See Load.
func LoadFile(path string) (*Plan, Findings) { return loadFile(path).usable() }

func loadFile(path string) loaded {
	src, err := readBounded(path)
	if err != nil {
		f := newFile(path)
		f.fileError(1, 1, err.Error(), "the path of a plan file, such as plans/storefront.yaml")
		return loaded{f, &Plan{}, false}
	}
	return load(path, src)
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}

// Load checks the text of a plan and reports every mistake at once; name is the
// file that the findings show. The plan is nil when a finding is an Error.
// Otherwise it is complete: policies have their RPO, steps their id, timeout and
// on-failure, a drill its suffix and ttl, and each LaunchInstances the image policy that points at its template.
func Load(name string, src []byte) (*Plan, Findings) { return load(name, src).usable() }

// loaded is a file that was read, and what could be made of it.
type loaded struct {
	*file
	plan  *Plan // never nil
	sound bool  // by itself the file has no Error; otherwise the plan has holes
}

func load(name string, src []byte) loaded {
	f, p := newFile(name), &Plan{}
	if root := f.parse(src); root != nil {
		p = f.readPlan(root)
		p.fill()
		f.check(p)
	}
	sound := !f.findings.HasErrors()
	if sound {
		f.lint(p)
	}
	return loaded{f, p, sound}
}

// usable is what a caller gets to see.
func (l loaded) usable() (*Plan, Findings) {
	l.findings.sort()
	if l.findings.HasErrors() {
		return nil, l.findings
	}
	return l.plan, l.findings
}

// parse returns the root of the only document, or nil and a finding.
func (f *file) parse(src []byte) *yaml.Node {
	if len(src) > maxFile {
		f.fileError(1, 1, "the file is larger than 1 MiB", "one plan a file")
		return nil
	}
	if line, ok := firstBadLine(src); !ok {
		f.fileError(line, 1, "the text is not UTF-8", "it in UTF-8")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(src))
	if err != nil {
		f.fileError(1, 1, err.Error(), "")
		return nil
	}
	var doc, next yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) || (err == nil && isEmpty(&doc)) {
		f.fileError(1, 1, "the file is empty", "a plan: docs/plan.md shows one")
		return nil
	} else if err != nil {
		f.syntax(err)
		return nil
	}
	if err := loader.Load(&next); err == nil {
		f.fileError(max(next.Line, 1), max(next.Column, 1), "a second document begins here", "one plan a file")
	} else if !errors.Is(err, io.EOF) {
		f.syntax(err)
	}
	return doc.Content[0]
}

func isEmpty(doc *yaml.Node) bool {
	return len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null"
}

// syntax reports what the YAML parser said, at the place where it gave up.
func (f *file) syntax(err error) {
	var bad *yaml.LoadError
	if !errors.As(err, &bad) {
		f.fileError(1, 1, fmt.Sprintf("not YAML: %v", err), "")
		return
	}
	problem, instead := "not YAML: "+bad.Message, ""
	switch bad.Message {
	case "found character that cannot start any token":
		instead = "spaces where there is a tab, and quotes around a text that starts with @, ` or %"
	case "mapping values are not allowed in this context":
		instead = "the line with the indentation of its neighbours, and quotes around a text that holds \": \""
	}
	f.fileError(max(bad.Mark.Line, 1), max(bad.Mark.Column, 1), problem, instead)
}

func firstBadLine(src []byte) (int, bool) {
	line := 1
	for text := range bytes.Lines(src) {
		if !utf8.Valid(text) {
			return line, false
		}
		line++
	}
	return 0, true
}

// fill puts in what the file may leave out.
func (p *Plan) fill() {
	for i := range p.Protect {
		p.Protect[i].fill(p.Objectives.RPO)
	}
	for _, course := range p.Courses() {
		for s := range p.On(course).Steps() {
			s.fill(p)
		}
	}
	p.Detect.fill(p.Recovery)
	if p.Drill != nil {
		p.Drill.fill()
	}
}

func (s *Step) fill(p *Plan) {
	if s.ID == "" {
		s.ID = string(s.Kind)
	}
	if s.Timeout == 0 {
		s.Timeout = DefaultTimeout
	}
	if s.OnFailure == "" {
		s.OnFailure = Pause
	}
	switch spec := s.Spec.(type) {
	case *LaunchInstances:
		spec.Image = p.imagePolicy(spec.Template)
	case *PromoteDatabase:
		spec.fill(p)
	}
}

func (d *Drill) fill() {
	if d.Suffix == "" {
		d.Suffix = "drill"
	}
	if d.TTL == 0 {
		d.TTL = DefaultTTL
	}
	fillZones(d.Windows)
}

func fillZones(windows []Window) {
	for i := range windows {
		if windows[i].Zone == "" {
			windows[i].Zone = "UTC"
		}
	}
}

func (p *Policy) fill(rpo Duration) {
	if p.RPO == 0 {
		p.RPO = rpo
	}
	if d := p.Database; d != nil && d.By == "" {
		d.By = Snapshots
		if d.Instance != "" && d.Cluster == "" {
			d.By = Backups
		}
	}
	if p.Keep == (Keep{}) && p.Database != nil && p.Database.By == Backups {
		p.Keep.Within = DefaultBackups
	}
	if p.Every == 0 && p.Continuous() {
		p.Every = PassEvery
	}
}

// fill finds the policy that has recovery points of the database: the one that the
// step names, or that has the replica's name for its database on some side.
func (d *PromoteDatabase) fill(p *Plan) {
	d.RPO = p.Objectives.RPO
	for _, policy := range p.Protect {
		of := policy.Database
		if of == nil || d.Policy != policy.Name && (d.Replica == "" || d.Replica != of.Instance && d.Replica != of.Replica) {
			continue
		}
		d.Points, d.Database = policy.Name, of
		return
	}
}

// imagePolicy names the policy whose images the launch template follows.
func (p *Plan) imagePolicy(template string) string {
	for _, policy := range p.Protect {
		if template != "" && policy.Images != nil && policy.Point != nil && policy.Point.LaunchTemplate == template {
			return policy.Name
		}
	}
	return ""
}
