package assets

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	for name, f := range files() {
		for _, encoding := range []string{"", "gzip"} {
			r := httptest.NewRequest("GET", URL(name), nil)
			r.Header.Set("Accept-Encoding", encoding)
			w := httptest.NewRecorder()
			Handler().ServeHTTP(w, r)
			var body io.Reader = w.Body
			if w.Header().Get("Content-Encoding") == "gzip" {
				var err error
				if body, err = gzip.NewReader(w.Body); err != nil {
					t.Fatal(err)
				}
			}
			data, err := io.ReadAll(body)
			if err != nil || w.Code != http.StatusOK || string(data) != string(f.plain) {
				t.Errorf("%s: status %d, %d bytes, %v", name, w.Code, len(data), err)
			}
			h := w.Header()
			if !strings.Contains(h.Get("Cache-Control"), "immutable") || h.Get("Content-Type") == "application/octet-stream" {
				t.Errorf("%s: %v", name, h)
			}
		}
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest("GET", "/assets/style-000000000000.css", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("an old name: status %d", w.Code)
	}
	if URL("nothing") != "" {
		t.Error("a file that is not there has an address")
	}
}

// The names tell what is in them apart.
func TestNameFollowsContent(t *testing.T) {
	t.Parallel()
	if a, b := newFile("a.css", []byte("a")), newFile("a.css", []byte("b")); a.url == b.url {
		t.Error(a.url)
	}
}

// TestWeight keeps a page with everything under 100 kB: the page itself may have
// the rest.
func TestWeight(t *testing.T) {
	t.Parallel()
	sum := 0
	for _, f := range files() {
		sum += len(f.plain)
	}
	if sum > 50_000 {
		t.Errorf("assets weigh %d bytes", sum)
	}
}

// Nothing is loaded from elsewhere.
func TestNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	for name, f := range files() {
		text := strings.ReplaceAll(string(f.plain), "http://www.w3.org/", "")
		if strings.Contains(text, "http:") || strings.Contains(text, "https:") || strings.Contains(text, "@import") {
			t.Errorf("%s names an address elsewhere", name)
		}
	}
}
