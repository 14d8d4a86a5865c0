package habit

import "strings"

// LocalUse is the special use (RFC 6154) that a folder's name stands for in some
// language or program: clients that do not know of special uses make such folders
// beside those that are there. "" when the name says nothing.
func LocalUse(name string) string {
	return localUses[strings.ToLower(strings.TrimSpace(name))]
}

var localUses = invert(map[string][]string{
	`\Sent`: {
		"sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente",
		"envoyés", "éléments envoyés", "messages envoyés", "enviados", "elementos enviados", "itens enviados",
		"inviata", "posta inviata", "verzonden", "verzonden items", "skickat", "skickade", "sendt", "sendte elementer",
		"lähetetyt", "wysłane", "elementy wysłane", "odeslané", "odeslaná pošta", "отправленные", "надіслані", "已发送", "送信済み",
	},
	`\Drafts`: {
		"drafts", "draft", "entwürfe", "brouillons", "borradores", "rascunhos", "bozze", "concepten", "utkast", "kladder",
		"luonnokset", "szkice", "wersje robocze", "koncepty", "черновики", "чернетки", "草稿", "下書き",
	},
	`\Trash`: {
		"trash", "deleted", "deleted items", "deleted messages", "bin", "papierkorb", "gelöscht", "gelöschte objekte",
		"gelöschte elemente", "corbeille", "éléments supprimés", "messages supprimés", "papelera", "elementos eliminados",
		"lixo", "lixeira", "itens excluídos", "cestino", "posta eliminata", "prullenbak", "verwijderde items", "papperskorg",
		"borttaget", "slettet", "slettede elementer", "papirkurv", "roskakori", "kosz", "elementy usunięte", "koš",
		"odstraněná pošta", "удаленные", "корзина", "кошик", "已删除", "ゴミ箱",
	},
	`\Junk`: {
		"junk", "spam", "junk e-mail", "junk email", "bulk mail", "unerwünscht", "junk-e-mail", "spamverdacht", "indésirables",
		"courrier indésirable", "pourriel", "correo no deseado", "lixo eletrônico", "posta indesiderata", "ongewenst",
		"ongewenste e-mail", "skräppost", "roskaposti", "søppelpost", "wiadomości-śmieci", "nevyžádaná pošta", "спам", "垃圾邮件", "迷惑メール",
	},
	`\Archive`: {
		"archive", "archives", "archiv", "archivio", "archivo", "arquivo", "archief", "arkiv", "arkisto", "archiwum", "архив", "архів",
	},
})

func invert(uses map[string][]string) map[string]string {
	by := map[string]string{}
	for use, names := range uses {
		for _, name := range names {
			by[name] = use
		}
	}
	return by
}
