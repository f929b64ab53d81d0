// The Pulumi Docker plugin: the Terraform provider for Docker under the names that npm's @pulumi/docker has for everything.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/terraform-providers/terraform-provider-docker/bridged/bridge"
)

// Set by the build.
var version string

// Written by the program in schema/.
//
//go:embed schema.json
var schema []byte

func main() {
	tfbridge.Main(bridge.Name, version, bridge.Provider(version), schema)
}
