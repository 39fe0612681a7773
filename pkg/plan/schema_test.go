package plan

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

const schemaFile = "../../docs/plan.schema.json"

func validFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../plans/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("plans/: %v, %d files", err, len(files))
	}
	return append(files, "testdata/base.yaml", "testdata/ledgerline.yaml", "testdata/nested.yaml", "testdata/vault.yaml", "testdata/adopted.yaml", "testdata/everything.yaml")
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON is a YAML text as an editor's schema check sees it.
func asJSON(t *testing.T, src []byte) any {
	t.Helper()
	var tree any
	if err := yaml.Load(src, &tree); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSchema_acceptsWhatTheDecoderAccepts(t *testing.T) {
	schema := compiledSchema(t)
	for _, path := range validFiles(t) {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(asJSON(t, src)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSchema_refusesTheMistakesThatASchemaCanSee(t *testing.T) {
	schema := compiledSchema(t)
	for _, m := range mistakes {
		if m.name == "duplicate key" || m.name == "alias" || m.name == "key that is no text" || m.name == "merge" {
			continue // mistakes in the YAML, gone or fatal before a schema is asked
		}
		if err := schema.Validate(asJSON(t, m.apply(t))); (err != nil) != m.schema {
			t.Errorf("%s: the schema says %v; mistakes has schema: %t", m.name, err, m.schema)
		}
	}
}

// definitionOf is one shape in the JSON Schema.
type definitionOf struct {
	Type       string         `json:"type"`
	Properties map[string]any `json:"properties"`
	Required   []string       `json:"required"`
}

func schemaShapes(t *testing.T) map[string]map[string]need {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]definitionOf `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	shapes := map[string]map[string]need{}
	for name, def := range schema.Defs {
		if def.Type != "object" {
			continue
		}
		shapes[name] = map[string]need{}
		for field := range def.Properties {
			shapes[name][field] = need(slices.Contains(def.Required, field))
		}
	}
	return shapes
}

// decoderShapes are the fields that the decoder asks for, in all valid files.
func decoderShapes(t *testing.T) map[string]map[string]need {
	t.Helper()
	shapes := map[string]map[string]need{}
	for _, path := range validFiles(t) {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := newFile(path)
		f.readPlan(f.parse(src))
		maps.Copy(shapes, f.asked)
	}
	shapes["step"] = map[string]need{parallel: optional}
	for _, k := range Kinds() {
		shapes["step"][string(k)] = optional
		if shapes[string(k)] == nil {
			t.Errorf("no valid file has a %s step", k)
		}
	}
	return shapes
}

func TestSchema_hasTheFieldsOfTheDecoder(t *testing.T) {
	if diff := cmp.Diff(decoderShapes(t), schemaShapes(t)); diff != "" {
		t.Errorf("fields (-decoder +%s):\n%s", schemaFile, diff)
	}
}

func TestExamples_coverEveryField(t *testing.T) {
	for shape, fields := range decoderShapes(t) {
		for field := range fields {
			if _, kind := kinds[Kind(field)]; !kind && example(shape, field) == "" {
				t.Errorf("%s.%s has no example to propose", shape, field)
			}
		}
		if _, kind := kinds[Kind(shape)]; !kind && examples[shape] == "" {
			t.Errorf("%s has no example to propose", shape)
		}
	}
}

func TestManual_hasARowForEveryField(t *testing.T) {
	text, err := os.ReadFile("../../docs/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for part := range strings.SplitSeq(string(text), "\n## ") {
		title, body, _ := strings.Cut(part, "\n")
		sections[strings.Trim(title, "` ")] = body
	}
	for shape, fields := range decoderShapes(t) {
		if _, ok := sections[shape]; !ok {
			t.Errorf("docs/plan.md has no section %s", shape)
			continue
		}
		for field := range fields {
			if !strings.Contains(sections[shape], "\n| `"+field+"` |") {
				t.Errorf("docs/plan.md: section %s has no row for %s", shape, field)
			}
		}
	}
}
