package localhub

import (
	"net/http"
	"strconv"
	"strings"

	"longcat/hub/xet"
)

// maxRanges bounds the ranges of one request.
const maxRanges = 1 << 10

// parseRanges reads a Range header about something of size bytes: none for
// none. Unlike the ranges of plain files (net/http reads those) these may not
// be outside: a start beyond the end is an error with status 416.
func parseRanges(header string, size int64) ([]xet.Span, error) {
	if header == "" {
		return nil, nil
	}
	list, ok := strings.CutPrefix(header, "bytes=")
	if !ok || strings.Count(list, ",") >= maxRanges {
		return nil, badRequest("Invalid range: %.80q", header)
	}
	var spans []xet.Span
	for text := range strings.SplitSeq(list, ",") {
		first, last, ok := strings.Cut(strings.TrimSpace(text), "-")
		start, err := strconv.ParseUint(first, 10, 63)
		if !ok || err != nil {
			return nil, badRequest("Invalid range: %.80q", header)
		}
		end := uint64(size - 1)
		if last != "" {
			if end, err = strconv.ParseUint(last, 10, 63); err != nil || end < start {
				return nil, badRequest("Invalid range: %.80q", header)
			}
		}
		if start >= uint64(size) {
			return nil, &apiError{Status: http.StatusRequestedRangeNotSatisfiable, Message: "The range begins beyond the end"}
		}
		spans = append(spans, xet.Span{Start: int64(start), End: int64(min(end, uint64(size-1)))})
	}
	return spans, nil
}
