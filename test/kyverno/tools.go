//go:build tools

// Package kyverno pins Kyverno's command line: `go install` refuses a module that replaces another.
package kyverno

import _ "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno"
