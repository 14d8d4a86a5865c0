package blob

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Bodies above frameAbove are cut into frames of frameSize, each compressed by
// itself, so that a part can be read without what is before it.
const (
	frameAbove = 1 << 20
	frameSize  = 64 << 10
)

// codec holds the compressor and the decompressor. Each is made when it is first
// needed and is safe for concurrent use through its All methods.
var codec = struct {
	encoder func() (*zstd.Encoder, error)
	decoder func() (*zstd.Decoder, error)
}{
	encoder: sync.OnceValues(newEncoder),
	decoder: sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBody))
	}),
}

// newEncoder keeps memory small: two workers, a window no larger than a frame
// needs. It looks for matches as quickly as it can, but gives every byte a code
// of its own length: that takes a quarter off base64, where there is nothing to
// match, and a third off the smallest messages, at a third of the time that a
// higher level needs for as much.
func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true),
		zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20),
		zstd.WithEncoderCRC(true), zstd.WithZeroFrames(true), zstd.WithSingleSegment(true))
}

// compress appends a record's payload.
func compress(dst, body []byte) (kind, []byte) {
	encoder, err := codec.encoder()
	if err != nil {
		panic(fmt.Sprintf("zstd refuses options that never change: %v", err))
	}
	if len(body) <= frameAbove {
		return whole, encoder.EncodeAll(body, dst)
	}
	start, frames := len(dst), (len(body)+frameSize-1)/frameSize
	dst = append(dst, make([]byte, 4*frames)...)
	for i := range frames {
		frame := body[i*frameSize : min((i+1)*frameSize, len(body))]
		dst = encoder.EncodeAll(frame, dst)
		binary.BigEndian.PutUint32(dst[start+4*i:], uint32(len(dst)-start)) // where it ends
	}
	return framed, dst
}

var errDecompress = errors.New("compressed data is damaged")

// decompress undoes one zstd frame that must yield size bytes, into dst if that
// has room.
func decompress(dst, frame []byte, size int64) ([]byte, error) {
	decoder, err := codec.decoder()
	if err != nil {
		return nil, err
	}
	var info zstd.Header
	if err := info.Decode(frame); err != nil || !info.HasFCS && size > 0 || info.HasFCS && info.FrameContentSize != uint64(size) {
		return nil, errDecompress
	}
	if int64(cap(dst)) < size {
		dst = make([]byte, 0, size)
	}
	body, err := decoder.DecodeAll(frame, dst)
	if err != nil || int64(len(body)) != size {
		return nil, fmt.Errorf("%w: %w", errDecompress, err)
	}
	return body, nil
}
