package main

import (
	"github.com/spf13/cobra"
)

// topics are what "longcat help TOPIC" explains beside the commands.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "environment", Short: "Variables that longcat reads", Long: `Variables that the Python tools read mean the same here:

  HF_ENDPOINT                      address of the hub
  HF_TOKEN                         access token (old: HUGGING_FACE_HUB_TOKEN)
  HF_TOKEN_PATH                    file with the token; $HF_HOME/token
  HF_HOME                          ~/.cache/huggingface
  HF_HUB_CACHE                     the shared cache; $HF_HOME/hub
  HF_HUB_OFFLINE                   1: no requests, what the cache has
  HF_HUB_DISABLE_XET               1: plain ranges and LFS
  HF_HUB_DISABLE_IMPLICIT_TOKEN    1: read without the token
  HF_HUB_DISABLE_PROGRESS_BARS     1: no progress
  HF_HUB_DOWNLOAD_TIMEOUT          seconds without a byte that are a stall
  HF_HUB_ETAG_TIMEOUT              seconds to wait for a file's metadata
  HTTPS_PROXY HTTP_PROXY ALL_PROXY NO_PROXY

and these are longcat's own:

  LONGCAT_DEBUG=http               show each request with its answer
  LONGCAT_SERVE_TOKEN              the token of the hub that serve serves
  LONGCAT_MIRROR_TOKEN             the token of a hub that mirror writes to
  NO_COLOR, TERM=dumb              no colours

Flags go before variables.`},
		{Use: "exit-codes", Short: "What exit codes mean", Long: `  0    done
  1    failed; standard error says why
  2    wrong usage: nothing was done
  3    verify: the merge could not be compared
  130  interrupted; the same command goes on

With --json a failure prints {"error": {"message", "hint", "code", "exit"}}.`},
		{Use: "cards", Short: "How model cards are written and renewed", Long: `publish and merge write README.md: front matter with the licence that the
parents' cards state, base_model, tags, and a text with how to use the model,
the layer map, the recipe, and how to verify it.

What longcat writes stands between comments. Everything outside of them is
yours: card update renews the parts between, and leaves the rest as it is, to
the byte. A part that you take out stays out.

  longcat card new RECIPE      the card of a merge, without merging
  longcat card show REPO       a card, as a terminal shows it
  longcat card check FILE      what a hub would refuse, with line numbers
  longcat card update REPO     renew the generated parts; --dry-run shows how

--license states a licence where the parents' cards state none.`},
	}
}
