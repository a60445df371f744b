package crawler

import (
	"errors"
	"mime"
	"net/url"
	"path"
	"strings"
)

// errMedia marks what is never fetched: veghe reads text only.
var errMedia = errors.New("not a text: media is never fetched")

// mediaExtensions end paths that are not asked for at all.
var mediaExtensions = func() map[string]bool {
	out := make(map[string]bool)
	for e := range strings.FieldsSeq(`
		jpg jpeg jpe jfif png gif webp avif heic heif bmp tif tiff ico svg svgz psd raw cr2 nef dng jxl
		mp4 m4v mov avi mkv webm wmv flv mpg mpeg mpe 3gp 3g2 ts m2ts mts ogv vob m3u8 mpd
		mp3 m4a wav ogg oga opus flac aac wma amr mid midi aiff
		zip rar 7z gz tgz bz2 xz zst tar lz lzma cab iso dmg img apk ipa exe msi deb rpm jar bin torrent
		pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub mobi ps eps
		css js mjs map woff woff2 ttf otf eot swf wasm`) {
		out["."+e] = true
	}
	return out
}()

// isMediaURL says by the address alone that a page is media. Query values
// count too where they look like file names, as in /download?file=a.jpg.
func isMediaURL(u *url.URL) bool {
	if isPackedSitemap(u) {
		return false
	}
	if mediaExtensions[strings.ToLower(path.Ext(u.Path))] {
		return true
	}
	for q := u.RawQuery; q != ""; {
		var pair string
		pair, q, _ = strings.Cut(q, "&")
		_, value, _ := strings.Cut(pair, "=")
		if e := path.Ext(value); e != "" && e != value && mediaExtensions[strings.ToLower(e)] {
			return true
		}
	}
	return false
}

// isPackedSitemap says whether an address names a sitemap as large sites send
// them, the one kind of archive that is unpacked: what it holds must be XML.
func isPackedSitemap(u *url.URL) bool {
	return u.RawQuery == "" && strings.HasSuffix(strings.ToLower(u.Path), ".xml.gz")
}

// textTypes are the content types that are read, beside text/*, */*+xml and
// */*+json. A server that gives none is believed to send text.
var textTypes = map[string]bool{
	"": true, "application/xml": true, "application/json": true, "application/xhtml+xml": true,
	"application/rss": true, "application/atom": true, "application/feed": true,
}

// isText says whether a content type may be read.
func isText(contentType string) bool {
	mt, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		mt, _, _ = strings.Cut(contentType, ";")
		mt = strings.ToLower(strings.TrimSpace(mt))
	}
	switch {
	case textTypes[mt]:
		return true
	case mt == "text/css", mt == "text/javascript", mt == "text/calendar", mt == "text/vcard":
		return false
	case strings.HasPrefix(mt, "image/"), strings.HasPrefix(mt, "video/"), strings.HasPrefix(mt, "audio/"):
		return false // image/svg+xml too
	case strings.HasPrefix(mt, "text/"), strings.HasSuffix(mt, "+xml"), strings.HasSuffix(mt, "+json"):
		return true
	}
	return false
}
