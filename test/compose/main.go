// Reads a Compose file as Compose itself does: by its loader, which checks it against the Compose specification's
// schema, resolves what depends on what, and fills in what was left out. Prints the result as JSON.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(os.Args[1:], cli.WithOsEnv, cli.WithResolvedPaths(true))
	if err == nil {
		project, failure := options.LoadProject(context.Background())
		if err = failure; err == nil {
			if text, failure := project.MarshalJSON(); failure == nil {
				fmt.Println(string(text))
				return
			} else {
				err = failure
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
