package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// attempts is how often a request is tried when the other side is overloaded or
	// away for a moment.
	attempts = 5

	// stuckAttempts is how often one is tried that got stuck: another connection may
	// lead to another machine.
	stuckAttempts = 2
)

// S3 is a target in a bucket of any S3-compatible store.
type S3 struct {
	client         *minio.Client
	bucket, prefix string
	address        string
	line           *line
}

func openS3(u *url.URL, a Access) (*S3, error) {
	keys, err := s3Keys(a.S3KeyFile)
	if err != nil {
		return nil, err
	}
	secure := u.Scheme == "s3"
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	line := newLine(a)
	transport.DialContext = line.dial
	transport.ResponseHeaderTimeout = 0 // the line's limits are there for that
	transport.MaxIdleConnsPerHost = sealers
	client, err := minio.New(u.Host, &minio.Options{
		Creds: keys, Secure: secure, Region: a.S3Region, Transport: transport, MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("snapshot target %s: %w", u, err)
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	return &S3{client, bucket, prefix, u.String(), line}, nil
}

// s3Keys reads a file of two lines; without one, the usual variables of the
// environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) hold the keys.
func s3Keys(file string) (*credentials.Credentials, error) {
	if file == "" {
		return credentials.NewEnvAWS(), nil
	}
	text, err := readSecret(file)
	if err != nil {
		return nil, fmt.Errorf("snapshot.s3_key_file: %w", err)
	}
	words := strings.Fields(text)
	if len(words) != 2 {
		return nil, fmt.Errorf("snapshot.s3_key_file: %s holds %d words; it is to hold the access key and the secret key, a line each", file, len(words))
	}
	return credentials.NewStaticV4(words[0], words[1], ""), nil
}

// readSecret reads a file that nobody but its owner can read.
func readSecret(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("others can read it; run: chmod 600 %s", file)
	}
	text, err := os.ReadFile(file)
	return string(text), err
}

func (s *S3) key(name string) string { return path.Join(s.prefix, name) }

// do makes a request, again when it got stuck.
func (s *S3) do(ctx context.Context, fn func(context.Context) error) (err error) {
	for range stuckAttempts {
		if err = s.line.request(ctx, fn); !errors.Is(err, errTooSlow) {
			break
		}
	}
	return err
}

// Put is one request: an object is there whole or not at all.
func (s *S3) Put(ctx context.Context, name string, data []byte) error {
	err := s.do(ctx, func(ctx context.Context) error {
		_, err := s.client.PutObject(ctx, s.bucket, s.key(name), bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{
			ContentType: "application/octet-stream", DisableMultipart: true, SendContentMd5: true,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// Get asks again when the connection breaks off in the middle.
func (s *S3) Get(ctx context.Context, name string) (data []byte, err error) {
	for range attempts {
		err = s.do(ctx, func(ctx context.Context) (err error) {
			data, err = s.get(ctx, name)
			return err
		})
		if err == nil {
			return data, nil
		}
		if ctx.Err() != nil || errors.Is(err, ErrMissing) || refused(err) || errors.Is(err, errTooSlow) {
			break // the last two after attempts of minio's and of do
		}
	}
	return nil, fmt.Errorf("read %s: %w", name, err)
}

// refused reports whether the store itself answered, with an error.
func refused(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && answer.Code != ""
}

func (s *S3) get(ctx context.Context, name string) ([]byte, error) {
	object, err := s.client.GetObject(ctx, s.bucket, s.key(name), minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	defer object.Close()
	data, err := io.ReadAll(object)
	if err == nil {
		return data, nil
	}
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return nil, ErrMissing
	}
	return nil, err
}

// Flush has nothing to do: what Put wrote is durable.
func (s *S3) Flush(ctx context.Context) error { return ctx.Err() }

// List goes on behind the last object it was told of when an answer breaks off, so
// fn sees each object once.
func (s *S3) List(ctx context.Context, folder string, fn func(Object) error) error {
	var last string
	for failures := 1; ; failures++ {
		before := last
		err := s.line.request(ctx, func(ctx context.Context) error { return s.list(ctx, folder, &last, fn) })
		var broken *listingError
		if !errors.As(err, &broken) || refused(err) || failures == attempts || ctx.Err() != nil {
			return err
		}
		if last != before {
			failures = 0
		}
	}
}

// listingError is a fault of the store and not of who is told of its objects.
type listingError struct {
	folder string
	cause  error
}

func (e *listingError) Error() string { return fmt.Sprintf("list %s: %v", e.folder, e.cause) }
func (e *listingError) Unwrap() error { return e.cause }

// list tells fn of the objects whose keys come after last, and moves last along.
func (s *S3) list(ctx context.Context, folder string, last *string, fn func(Object) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing when fn has enough
	options := minio.ListObjectsOptions{Prefix: s.key(folder) + "/", Recursive: true, StartAfter: *last}
	for o := range s.client.ListObjects(ctx, s.bucket, options) {
		if o.Err != nil {
			return &listingError{folder, o.Err}
		}
		name := strings.TrimPrefix(strings.TrimPrefix(o.Key, s.prefix), "/")
		if err := fn(Object{Name: name, Size: o.Size, Modified: o.LastModified}); err != nil {
			return err
		}
		*last = o.Key
	}
	return ctx.Err()
}

func (s *S3) Remove(ctx context.Context, name string) error {
	err := s.do(ctx, func(ctx context.Context) error {
		return s.client.RemoveObject(ctx, s.bucket, s.key(name), minio.RemoveObjectOptions{})
	})
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func (s *S3) Remote() bool   { return true }
func (s *S3) String() string { return s.address }
func (s *S3) Close() error   { return nil }
