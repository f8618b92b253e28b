package xet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"longcat/hub/xet"
	"longcat/hub/xet/internal/fakecas"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

// ask makes a request that any server answers.
func ask(ctx context.Context, client *xet.Client) error {
	_, _, err := client.Dedup(ctx, merkle.Hash{1}, func(shard.Xorb) error { return nil })
	return err
}

func TestTokensAreRenewed(t *testing.T) {
	server := fakecas.New(t)
	now := time.Unix(1000, 0)
	made := 0
	client := xet.New(http.DefaultClient, func(context.Context) (xet.Token, error) {
		made++
		return xet.Token{CAS: server.URL, Access: fakecas.Token, Expires: now.Add(time.Minute)}, nil
	}, xet.Options{Now: func() time.Time { return now }})
	for _, step := range []struct {
		name  string
		later time.Duration
		want  int
	}{
		{"at first", 0, 1},
		{"valid", 29 * time.Second, 1},
		{"about to expire", time.Second, 2},
		{"valid again", time.Second, 2},
	} {
		now = now.Add(step.later)
		if err := ask(t.Context(), client); err != nil || made != step.want {
			t.Errorf("%s: %d tokens made, want %d; %v", step.name, made, step.want, err)
		}
	}
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	server := fakecas.New(t)
	refuse := 1
	server.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if refuse > 0 {
			refuse--
			http.Error(w, "expired", http.StatusUnauthorized)
			return true
		}
		return false
	}
	made := 0
	client := xet.New(http.DefaultClient, func(context.Context) (xet.Token, error) {
		made++
		return xet.Token{CAS: server.URL, Access: fakecas.Token}, nil
	}, xet.Options{})
	if err := ask(t.Context(), client); err != nil || made != 2 {
		t.Errorf("%d tokens made, want 2; %v", made, err)
	}
	refuse = 2
	err := ask(t.Context(), client)
	if e, ok := errors.AsType[*xet.Error](err); !ok || e.Status != http.StatusUnauthorized || made != 3 {
		t.Errorf("refused twice: %d tokens made, %v", made, err)
	}
}

func TestNoTokenNoRequest(t *testing.T) {
	broken := errors.New("hub is down")
	for name, tokens := range map[string]xet.TokenSource{
		"hub fails":  func(context.Context) (xet.Token, error) { return xet.Token{}, broken },
		"no address": func(context.Context) (xet.Token, error) { return xet.Token{CAS: "file:///etc", Access: "secret"}, nil },
	} {
		client := xet.New(http.DefaultClient, tokens, xet.Options{})
		err := ask(t.Context(), client)
		if err == nil || strings.Contains(err.Error(), "secret") || name == "hub fails" && !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDedupFindsTheServersPrefix(t *testing.T) {
	for _, prefix := range []string{"default", "default-merkledb"} {
		server := fakecas.New(t)
		server.Prefix, server.Key = prefix, merkle.Hash{9}
		known := upload(t, server, random(100_000, 3))
		chunk := server.Xorbs[server.Files[known].Terms[0].Xorb].Index[0].Hash
		client := server.Client()
		for i, want := range []int{2, 3} { // the first question may need two requests
			var xorbs []shard.Xorb
			before := server.Count("GET /v1/chunks")
			footer, found, err := client.Dedup(t.Context(), chunk, func(x shard.Xorb) error { xorbs = append(xorbs, x); return nil })
			if err != nil || !found || footer.Key != server.Key || len(xorbs) != 1 || xorbs[0].Chunks[0].Hash != chunk.Keyed(server.Key) {
				t.Fatalf("%s: got %v, %v, %v, %v", prefix, xorbs, footer, found, err)
			}
			if n := server.Count("GET /v1/chunks") - before; n > want-2*i {
				t.Errorf("%s: question %d took %d requests", prefix, i, n)
			}
		}
	}
}

func TestDedupGivesUpTheOtherPrefix(t *testing.T) {
	server := fakecas.New(t)
	client := server.Client()
	for range 10 {
		if err := ask(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := server.Count("GET /v1/chunks/default/"), server.Count("GET /v1/chunks/default-merkledb/"); first != 10 || second != 4 {
		t.Errorf("%d and %d questions, want 10 and 4", first, second)
	}
}

func ExampleNew() {
	client := xet.New(http.DefaultClient, func(context.Context) (xet.Token, error) {
		return xet.Token{}, errors.New("no hub here") // GET …/xet-write-token/main
	}, xet.Options{})
	fmt.Println(client.PutShard(context.Background(), nil))
	// Output: getting a xet token: no hub here
}
