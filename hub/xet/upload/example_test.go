package upload_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"longcat/hub/xet"
	"longcat/hub/xet/upload"
)

func ExampleRun() {
	client := xet.New(http.DefaultClient, func(context.Context) (xet.Token, error) {
		return xet.Token{}, errors.New("no hub here") // GET …/xet-write-token/main
	}, xet.Options{})
	contents := []upload.Content{{
		Name: "model.safetensors",
		Data: io.NewSectionReader(strings.NewReader("weights"), 0, 7),
	}}
	_, err := upload.Run(context.Background(), client, contents, upload.Options{})
	fmt.Println(err)
	// Output: getting a xet token: no hub here
}
