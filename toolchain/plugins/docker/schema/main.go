// Writes schema.json, which tells the engine what the plugin's resources take and give, into the folder it is run in:
//
//	CGO_ENABLED=0 go run -trimpath -tags no_compose ./schema 5.2.0
//
// It is a program of its own because what it needs knows every language of Pulumi, which the plugin needn't.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/terraform-providers/terraform-provider-docker/bridged/bridge"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: schema <version>")
	}
	version := os.Args[1]
	here, err := os.Getwd()
	if err != nil {
		log.Fatal(err)
	}
	// The generator reads the Pulumi project that it is run in, if there is one.
	if err := os.Chdir(os.TempDir()); err != nil {
		log.Fatal(err)
	}
	// It writes a project of its own beside the schema.
	out, err := os.MkdirTemp("", "schema")
	if err != nil {
		log.Fatal(err)
	}
	os.Args = []string{os.Args[0], "schema", "--out", out, "--skip-docs", "--skip-examples"}
	tfgen.Main(bridge.Name, version, bridge.Provider(version))
	keep(filepath.Join(out, "schema.json"), filepath.Join(here, "schema.json"))
	os.RemoveAll(out)
}

// keep writes the schema without the texts for people, which are most of it: nobody reads documentation out of a plugin.
func keep(from, to string) {
	text, err := os.ReadFile(from)
	if err != nil {
		log.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		log.Fatal(err)
	}
	delete(schema, "language")
	withoutDescriptions(schema)
	short, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(to, append(short, '\n'), 0o644); err != nil {
		log.Fatal(err)
	}
}

func withoutDescriptions(value any) {
	switch value := value.(type) {
	case map[string]any:
		// A property may be called so too; its value is no text.
		if _, isText := value["description"].(string); isText {
			delete(value, "description")
		}
		for _, each := range value {
			withoutDescriptions(each)
		}
	case []any:
		for _, each := range value {
			withoutDescriptions(each)
		}
	}
}
