// Package bridge says how the resources of the Terraform provider for Docker are called in Pulumi.
package bridge

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	docker "github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// Name of the plugin.
const Name = "docker"

// Provider is the Terraform provider with a name for each of its resources, functions and settings: those of
// @pulumi/docker, where the bridge's own rules give others.
func Provider(version string) tfbridge.ProviderInfo {
	provider := tfbridge.ProviderInfo{
		P:       shimv2.NewProvider(docker.New(version)()),
		Name:    Name,
		Version: version,
		Config: map[string]*tfbridge.SchemaInfo{
			"registry_auth": {Name: "registryAuth"},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_buildx_builder": {Tok: "docker:index/buildxBuilder:BuildxBuilder"},
			"docker_config":         {Tok: "docker:index/serviceConfig:ServiceConfig"},
			"docker_container": {
				Tok: "docker:index/container:Container",
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			"docker_image": {
				Tok: "docker:index/remoteImage:RemoteImage",
				// Says which image, so it can't be made up.
				Fields: map[string]*tfbridge.SchemaInfo{"name": {}},
			},
			"docker_network":        {Tok: "docker:index/network:Network"},
			"docker_plugin":         {Tok: "docker:index/plugin:Plugin"},
			"docker_registry_image": {Tok: "docker:index/registryImage:RegistryImage"},
			"docker_secret":         {Tok: "docker:index/secret:Secret"},
			"docker_service":        {Tok: "docker:index/service:Service"},
			"docker_tag":            {Tok: "docker:index/tag:Tag"},
			"docker_volume":         {Tok: "docker:index/volume:Volume"},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":                    {Tok: "docker:index/getRemoteImage:getRemoteImage"},
			"docker_logs":                     {Tok: "docker:index/getLogs:getLogs"},
			"docker_network":                  {Tok: "docker:index/getNetwork:getNetwork"},
			"docker_plugin":                   {Tok: "docker:index/getPlugin:getPlugin"},
			"docker_registry_image":           {Tok: "docker:index/getRegistryImage:getRegistryImage"},
			"docker_registry_image_manifests": {Tok: "docker:index/getRegistryImageManifests:getRegistryImageManifests"},
		},
	}
	// A resource without a name gets the program's name for it and some random digits.
	provider.SetAutonaming(255, "-")
	return provider
}
