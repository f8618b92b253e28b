package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"longcat/hub/localhub/web"
)

// A page is filled in and sent.
func Example() {
	w := httptest.NewRecorder()
	page := web.Error{Frame: web.Frame{Title: "Not here", List: "/"}, Status: 404, Heading: "Not here", Message: "<no> such file"}
	if err := web.Write(w, http.StatusNotFound, page, ""); err != nil {
		panic(err)
	}
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 404 text/html; charset=utf-8
}
