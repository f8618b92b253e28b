package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) whoamiCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "whoami",
		Short:   "Tell whom the token belongs to",
		Example: commandExample("longcat whoami", "longcat whoami --endpoint http://127.0.0.1:8642"),
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			who, err := c.WhoAmI(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(who)
			}
			line := who.Name
			if role := who.Auth.AccessToken.Role; role != "" {
				line += " (token role: " + role + ")"
			}
			var orgs []string
			for _, o := range who.Orgs {
				orgs = append(orgs, o.Name)
			}
			if len(orgs) > 0 {
				line += ", orgs: " + strings.Join(orgs, ", ")
			}
			_, err = fmt.Fprintf(a.out, "%s at %s\n", line, c.Endpoint())
			return err
		},
	}
}
