//go:build tools

// Package tools keeps the engine in go.mod: it is named here, and built by path.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
