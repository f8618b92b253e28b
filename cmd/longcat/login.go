package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"longcat/hub"
)

func (a *app) loginCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "login",
		Short: "Check a token and keep it for longcat and the Python tools",
		Long: `Check a token and keep it in the file that longcat, hf and transformers read.
The token is asked for without echo, or read from standard input when that is
no terminal. Tokens come from the hub's settings page.`,
		Example: commandExample("longcat login"),
		Args:    exactly(0, "no arguments"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.login(cmd.Context()) },
	}
}

func (a *app) login(ctx context.Context) error {
	path, err := hub.TokenPath(a.lookup)
	if err != nil {
		return err
	}
	token := a.token
	if token == "" {
		if token, err = a.askToken(); err != nil {
			return err
		}
	}
	if token == "" {
		return usagef("there is no token on standard input")
	}
	a.token = token
	c, err := a.client()
	if err != nil {
		return err
	}
	who, err := c.WhoAmI(ctx)
	if err != nil {
		return err
	}
	if err := hub.SaveToken(path, token); err != nil {
		return fmt.Errorf("keeping the token: %w", err)
	}
	if _, set := a.lookup("HF_TOKEN"); set {
		a.warn("HF_TOKEN is set, and goes before the file")
	}
	if a.json {
		return a.printJSON(loginDocument{who.Name, who.Auth.AccessToken.Role, path})
	}
	_, err = fmt.Fprintf(a.out, "%s at %s, kept in %s\n", who.Name, c.Endpoint(), path)
	return err
}

// loginDocument is the JSON of login.
type loginDocument struct {
	Name string `json:"name"`
	Role string `json:"role"` // "read", "write" or "fineGrained"; "" where the hub does not tell
	Path string `json:"path"` // of the token file
}

// askToken reads a token without showing it.
func (a *app) askToken() (string, error) {
	if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(a.err, "token (it is not shown): ")
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(a.err)
		return strings.TrimSpace(string(b)), err
	}
	line, err := bufio.NewReader(io.LimitReader(a.in, 4096)).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimSpace(line), err
}

func (a *app) logoutCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "logout",
		Short:   "Remove the token file",
		Example: commandExample("longcat logout"),
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			path, err := hub.TokenPath(a.lookup)
			if err != nil {
				return err
			}
			removed, err := hub.RemoveToken(path)
			if err != nil {
				return err
			}
			if _, set := a.lookup("HF_TOKEN"); set {
				a.warn("HF_TOKEN is set, and stays")
			}
			if a.json {
				return a.printJSON(logoutDocument{removed, path})
			}
			text := "there is no token in " + path
			if removed {
				text = "removed " + path
			}
			_, err = fmt.Fprintln(a.out, text)
			return err
		},
	}
}

// logoutDocument is the JSON of logout.
type logoutDocument struct {
	Removed bool   `json:"removed"`
	Path    string `json:"path"` // of the token file
}
