"""Texts on which tokenizers have been seen to disagree, by what is hard about them."""

_LANGUAGES = """
The quick brown fox didn't jump over 3 lazy dogs; it cost $9.99, i.e. 50% off!
Größe, Straße und Maß: „Übermut tut selten gut“, sagte der Käufer.
L'été dernier, nous sommes allés à Nîmes — c'était très agréable… n'est-ce pas ?
El niño comió piñas en la montaña; ¿cuántos años tenía? ¡Qué pingüino!
Não há ações sem intenção: o coração, a mãe e o avô.
Řeřicha, žluťoučký kůň úpěl ďábelské ódy.
Zażółć gęślą jaźń. Łódź, Świnoujście, Żółw.
Árvíztűrő tükörfúrógép, őszi eső.
İstanbul'da ılık bir gün: ISPARTA, ığdır, şöför, çağ.
Smörgåsbord på ön; Ærø, Tromsø, Þingvellir, Reykjavík.
Tiếng Việt rất đẹp, phải không? Đường phố Hà Nội.
Съешь же ещё этих мягких французских булок, да выпей чаю. Ёлка, Йод.
Жебракують філософи при ґанку церкви в Гадячі, ще й шатро їхнє п'яне знаємо.
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ΟΔΥΣΣΕΥΣ, Ὀδυσσεύς, ᾳ ᾼ ῷ.
שָׁלוֹם עוֹלָם! דג סקרן שט בים מאוכזב.
السَّلامُ عَلَيْكُم، كيف الحال؟ مـــرحبا ١٢٣
یک متن فارسی می‌خواهم، لطفاً؛ ۱۲۳
हिन्दी में लिखा है: क्षत्रिय, ज्ञान, ड़ ढ़ क़। १२३
বাংলা ভাষা, কোথায় যাও? তোমার নাম কী।
தமிழ் மொழி, கோவில், ௧௨௩
తెలుగు భాష, ಕನ್ನಡ ಭಾಷೆ, മലയാളം ഭാഷ, සිංහල භාෂාව
ภาษาไทยไม่มีช่องว่างระหว่างคำ ๑๒๓
ພາສາລາວ ភាសាខ្មែរ မြန်မာဘာသာ
བོད་སྐད་ནི་དཀའ་ལས་ཁག་པོ་རེད།
ქართული ენა ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ, Հայերեն լեզու
አማርኛ ቋንቋ፡ ሰላም። ᎣᏏᏲ ꭳꮟᏺ
我爱北京天安门，天安门上太阳升。我用 Python3.11写NLP代码!
臺灣的天氣很好，「你好嗎？」他說。
私はﾃｽﾄが好きです。スーパーマーケットへ行く、はい。か\u3099は\u309a
안녕하세요 한국어 띄어쓰기 ㅋㅋㅋ \u1112\u1161\u11ab\u1100\u116e\u11a8
Монгол хэл ᠮᠣᠩᠭᠣᠯ ꆈꌠꉙ ㄅㄆㄇ 𐐔𐐯𐑅𐐨𐑉𐐯𐐻
"""
_CHARACTERS = """
U\u0308ni\u0308co\u0308de\u0301 cafe\u0301 n\u0303 A\u030angstro\u0308m
Z\u0351\u036b\u0343a\u0340\u0341l\u0315g\u031bo\u0327\u0328\u0338 a \u0301b
\u0301abc a\u20dd 1\u20e3
ﬁnance ﬂow oﬀer ﬃ ĳ Ǆ ǅ ǆ ẞ ŉ
300 \u212a, 5 \u212b, \u2126 x² + y³ = ½ ⅔ ⁴ ₁₀ Ⅻ ⅻ ① ⑳ Ⓐ ⓐ
𝐇𝐞𝐥𝐥𝐨 𝓦𝓸𝓻𝓵𝓭 𝟙𝟚𝟛 ℝ ℕ ℵ
Ｆｕｌｌ－ｗｉｄｔｈ　ＡＢＣ１２３！？ ｶﾀｶﾅ ﾊﾟﾝ
10\u00a0000\u00a0km\u202fh\u2003x\u3000y\u2028z\u2029w\u205fv\u1680u
𠀀𪜀𫝀𬺰 㐀 豈 \u4e00\u9fff\u3400\u4dbf\uf900\ufaff\U0002a6df\U0002f800\U00030000
I ❤️ 🍕 and 😀😃 👨‍👩‍👧‍👦 👩🏽‍💻 🏳️‍🌈 👍🏻 🇫🇷🇩🇪 1️⃣ he😀llo
zero\u200bwidth zero\u200djoin\u200cnon word\u2060joiner\ufeffbom soft\u00adhyphen
abc\u200fdef\u200e \u202eevil\u202c \u2067x\u2069 a\u180eb a\u3164b\u115f\u1160c
a\ufe0f b\ufe0e 葛\U000e0100 a\U000e0061\U000e007f \ufff9a\ufffab\ufffb
bad \ufffd byte \ufffd\ufffd \ue000\uf8ff\U000f0000\U0010fffd x
\ufdd0\ufffe\uffff\U0001ffff \u0378\U0001fbff\U000e0fff a \U0010ffff
!"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~
“quoted” ‘single’ —dash– …ellipsis «guillemets» ¿qué? ¡sí! „low“ ‚x‘ don’t
。、「」『』【】《》〈〉・ー～〜！？（）［］｛｝
€ £ ¥ ₹ ₿ § ¶ © ® ° ± × ÷ ≠ ≤ ∞ √ ∑ ∫ ← → ⇒ ■ ★ ♥ ♫
state-of-the-art non\u2011breaking minus\u2212sign snake_case __init__ rock'n'roll O'Reilly's I'LL
3.14159 1,000,000.00 -5e-10 0xFF 12:30 2024-01-31 https://www.example.com/a?b=c&d=e#f @name
for(int i=0;i<10;++i){x[i]+=1;} <p class="x">Tom &amp; Jerry</p>
wow!!!!!!!!!! what??? ...... ---- `a` ^b^ ~c~ ##ing play##ing ▁a ▁ Ġb Ċ
unaffable embeddings tokenization Antidisestablishmentarianism Donaudampfschiff
"""
_SPECIAL = """
The capital of France is [MASK].
[CLS] one [SEP] two [SEP] [PAD] [UNK]
a[MASK]b[MASK][MASK]c [mask] [ MASK ] [[MASK]] [MA[MASK]SK]
The capital of France is <mask>.
<s> </s> <pad>  <mask>  <unk> a<mask>b<mask><mask>c <MASK> < mask > <<mask>>
<|endoftext|> [unused0] [unused1] |||EMAIL_ADDRESS||| [MÁSK] [MASK\u0301]
"""
_SPACES_AND_CONTROLS = [
    "",
    " ",
    "  \t \n ",
    "\u00a0\u2003\u3000\u2028",
    "   hello   world  ",
    "one\ntwo\r\nthree\rfour\n\n\nfive\n  six\t\tseven\x85eight",
    "a\x00b",
    "\x00",
    "a\x01b\x02\x1b[31mred\x1b[0m\x7f\x80\x9fz",
    "a\x1cb\x1dc\x1ed\x1fe\x0bf\x0cg",
    "\ufeffhello",
    "a [MASK]  b [MASK]",
    "\n[MASK]\n<mask>\n",
]
_LONG = [
    "a" * 100,
    "a" * 101,
    "é" * 100,
    "é" * 101,
    "e\u0301" * 100,
    "𐐨" * 100,
    "before " + "x" * 150 + " after",
    "a" * 100 + ".",
    "中" * 300,
    "-" * 300,
    "ab" * 1000,
    "the quick brown fox " * 100,
]


def _every_character(texts=64):
    """Texts that hold, all together, what is below U+3400 and a sample of the rest of Unicode."""
    rest = [
        *range(0x3400, 0xD800, 61),
        *range(0xE000, 0x20000, 31),
        *range(0x20000, 0x110000, 4093),
    ]
    points = [*range(0x21, 0x3400), *rest]
    return [" ".join(map(chr, points[place::texts])) for place in range(texts)]


HARD_TEXTS = (
    *_LANGUAGES.strip().split("\n"),
    *_CHARACTERS.strip("\n").split("\n"),
    *_SPECIAL.strip().split("\n"),
    *_SPACES_AND_CONTROLS,
    *_LONG,
    *_every_character(),
)
