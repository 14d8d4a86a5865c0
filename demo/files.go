package demo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
)

// landscape draws hills under a sky, as a JPEG photo.
func landscape(width, height int, season float64) []byte {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		far := ridge(float64(x)/float64(width), season, 0.55, 0.08)
		near := ridge(float64(x)/float64(width), season*3+1, 0.75, 0.06)
		for y := range height {
			at := float64(y) / float64(height)
			img.Set(x, y, scene(at, far, near, season))
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}); err != nil {
		return nil
	}
	return b.Bytes()
}

// ridge is the height of a line of hills at x, from 0 (top) to 1.
func ridge(x, shift, base, swing float64) float64 {
	return base + swing*(math.Sin(x*7+shift)+0.5*math.Sin(x*17+shift*2)+0.2*math.Sin(x*41))
}

func scene(at, far, near, season float64) color.RGBA {
	switch {
	case at > near:
		return color.RGBA{uint8(60 + 40*season), uint8(110 - 20*season), 40, 255}
	case at > far:
		return color.RGBA{90, uint8(130 - 15*season), 120, 255}
	}
	return color.RGBA{uint8(120 + 100*at), uint8(170 + 60*at), 235, 255}
}

// logo draws a letterbox: a rounded field with a slot.
func logo() []byte {
	const side = 64
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for x := range side {
		for y := range side {
			dx, dy := math.Max(0, math.Abs(float64(x)-31.5)-22), math.Max(0, math.Abs(float64(y)-31.5)-22)
			switch {
			case dx*dx+dy*dy > 81:
			case y > 22 && y < 28 && x > 14 && x < 50:
				img.Set(x, y, color.RGBA{40, 20, 20, 255})
			default:
				img.Set(x, y, color.RGBA{190, 40, 45, 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil
	}
	return b.Bytes()
}

// tune is a recording of a few notes: mono, 16 bits, 22,050 samples a second.
func tune(seconds int) []byte {
	const rate = 22050
	var b bytes.Buffer
	size := seconds * rate * 2
	b.WriteString("RIFF")
	binary.Write(&b, binary.LittleEndian, uint32(36+size))
	b.WriteString("WAVEfmt ")
	binary.Write(&b, binary.LittleEndian, struct {
		Size           uint32
		Format, Tracks uint16
		Rate, Bytes    uint32
		Block, Bits    uint16
	}{16, 1, 1, rate, rate * 2, 2, 16})
	b.WriteString("data")
	binary.Write(&b, binary.LittleEndian, uint32(size))
	notes := []float64{262, 330, 392, 523, 392, 330}
	for i := range seconds * rate {
		note := notes[i/(rate/2)%len(notes)]
		fade := 1 - float64(i%(rate/2))/(rate/2)
		sample := int16(9000 * fade * math.Sin(2*math.Pi*note*float64(i)/rate))
		b.Write(binary.LittleEndian.AppendUint16(nil, uint16(sample)))
	}
	return b.Bytes()
}

// pdf sets lines of text on one A4 page.
func pdf(lines ...string) []byte {
	var page strings.Builder
	page.WriteString("BT /F1 12 Tf 72 770 Td 18 TL\n")
	escape := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`)
	for _, line := range lines {
		fmt.Fprintf(&page, "(%s) Tj T*\n", escape.Replace(line))
	}
	page.WriteString("ET")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", page.Len(), page.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, object := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}
