package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"longcat/hub"
)

// run carries out one command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.rootCmd()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	a.json = a.json || err != nil && slices.Contains(args, "--json") // which a mistake before it hides
	a.endProgress()
	if cmd.Name() == "help" {
		cmd = root
	}
	return a.report(ctx, cmd.CommandPath(), err)
}

func (a *app) rootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:     "longcat",
		Version: version(),
		Short:   "From a merge recipe to a published model, in one step",
		Long: `longcat takes models from a Hugging Face Hub, merges them, writes the model
card and publishes the result. Everything resumes, and every byte is checked.`,
		Example: `  longcat demo
  longcat plan examples/longcat-10.7b.yaml
  longcat publish examples/longcat-10.7b.yaml --to me/LongCAT-10.7B`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(flagMistake)
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", a.json, "print one JSON document on standard output")
	f.Var(choice{&a.show, []string{"auto", "bar", "lines", "json", "none"}}, "progress", "auto, bar, lines, json (an object a line, on standard error) or none")
	f.BoolVarP(&a.quiet, "quiet", "q", a.quiet, "no progress and no remarks, only results and errors")
	f.BoolVarP(&a.verbose, "verbose", "v", a.verbose, "show each request with its answer, without secrets (as LONGCAT_DEBUG=http)")
	f.Var(choice{&a.colour, []string{"auto", "always", "never"}}, "color", "auto (on a terminal, unless NO_COLOR is set), always or never")
	f.StringVar(&a.token, "token", "", "access token (better: HF_TOKEN, or the file that \"hf auth login\" writes)")
	f.StringVar(&a.endpoint, "endpoint", "", "address of the hub (default HF_ENDPOINT or "+hub.DefaultEndpoint+")")
	f.DurationVar(&a.retryFor, "retry-for", hub.DefaultRetryFor, "how long to keep trying while the hub can not be reached")
	root.AddCommand(
		a.publishCmd(), a.planCmd(), a.mergeCmd(), a.upscaleCmd(), a.recipesCmd(), a.downloadCmd(), a.uploadCmd(), a.mirrorCmd(),
		a.cardCmd(), a.verifyCmd(), a.cacheCmd(), a.inspectCmd(), a.lsCmd(), a.repoCmd(), a.loginCmd(), a.logoutCmd(), a.serveCmd(), a.demoCmd(), a.whoamiCmd(), a.versionCmd(),
	)
	root.AddCommand(a.manCmd())
	root.AddCommand(topics()...)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd() // after SetOut, which it takes note of
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			group(cmd)
			for _, shell := range cmd.Commands() {
				shell.Args = exactly(0, "no arguments")
			}
		case "help":
			cmd.Run, cmd.RunE = nil, help
		}
	}
	group(root)
	a.addCompletions(root)
	return root
}
