"""The words of requests: how each intent can be said, in English and in Chinese. Tables; `requests` fills them in.

A phrasing is words with blanks: {np} what is wanted, {noun} and {nouns} one and many of a concept, {m} its measure
word, {second} a landmark, {rel} where. `ORDERS` can be asked for politely, `QUESTIONS` are asked as they are. `UNSEEN`
are phrasings that only the test split uses. What is out of the world has blanks of its own, `OPTIONS`. Words that come
in a test request come in a training request, too, since a recogniser cannot write a character that it never met.
"""

RELATION_WORDS = {  # ways to say each; the first is the one that captions use
    "en": {
        "left": ("to the left of", "left of"),
        "right": ("to the right of", "right of"),
        "above": ("above", "over"),
        "below": ("below", "under"),
    },
    "zh": {"left": ("左边",), "right": ("右边",), "above": ("上面",), "below": ("下面",)},
}
NUMBER_WORDS = {"en": {1: "one", 2: "two", 3: "three"}, "zh": {1: "一", 2: "两", 3: "三"}}
SIZE_WORDS = {"en": {"small": "small", "big": "big"}, "zh": {"small": "小", "big": "大"}}

BEFORE = {"en": ("hello", "hey", "okay", "um", "well"), "zh": ("你好", "嗯", "那个", "好 的")}  # before anything
POLITE = {"en": ("please", "can you", "could you", "could you please"), "zh": ("请", "请 你", "麻烦 你")}  # orders
AFTER = {"en": ("please", "thank you", "thanks"), "zh": ("谢谢", "谢谢 你", "好 吗")}

ORDERS = {
    "en": {
        "find": ("show me {np}", "find {np}", "find me {np}", "look for {np}", "search for {np}"),
        "count": ("count the {nouns}", "tell me how many {nouns} there are", "count all the {nouns}"),
        "where": ("tell me where the {noun} is", "show me where the {noun} is", "find out where the {noun} is"),
        "what": ("tell me what is {rel} the {second}", "look what is {rel} the {second}"),
        "describe": ("describe the picture", "describe this picture", "tell me about the picture",
                     "describe what you see", "tell me what you see"),
        "again": ("say that again", "repeat that", "say it once more", "repeat the answer"),
        "help": ("help", "help me", "tell me what you can do", "explain what i can ask"),
        "stop": ("stop", "stop it", "stop talking", "be quiet"),
    },
    "zh": {
        "find": ("给 我 看 {np}", "找 {np}", "帮 我 找 {np}", "找 有 {np} 的 图片", "找一找 {np}"),
        "count": ("数一数 {noun}", "告诉 我 有 几 {m} {noun}", "数一数 有 多少 {m} {noun}"),
        "where": ("告诉 我 {noun} 在 哪里", "看看 {noun} 在 哪里", "说说 {noun} 在 什么 地方"),
        "what": ("告诉 我 {second} 的 {rel} 有 什么", "看看 {second} {rel} 是 什么"),
        "describe": ("描述 图片", "描述 这 张 图片", "说说 这 张 图片", "告诉 我 你 看到 了 什么"),
        "again": ("再 说 一遍", "重复 一遍", "再 说 一次", "重复 你 的 回答"),
        "help": ("帮助 我", "告诉 我 你 会 做 什么", "告诉 我 怎么 用"),
        "stop": ("停 下来", "停止", "别 说 了", "安静"),
    },
}  # fmt: skip
QUESTIONS = {
    "en": {
        "find": ("i want to see {np}", "do you have {np}", "is there a picture of {np}"),
        "count": ("how many {nouns} are there", "how many {nouns} do you see", "how many {nouns} can you see",
                  "how many {nouns} are in the picture"),
        "where": ("where is the {noun}", "where do you see the {noun}", "in which place is the {noun}"),
        "what": ("what is {rel} the {second}", "what do you see {rel} the {second}",
                 "what can you see {rel} the {second}"),
        "describe": ("what do you see", "what is in the picture", "what does the picture show"),
        "again": ("what did you say", "pardon", "i did not hear you"),
        "help": ("what can you do", "what can i ask", "how does this work"),
        "stop": ("goodbye", "that is all", "i am done"),
    },
    "zh": {
        "find": ("我 想 看 {np}", "有 没有 {np}", "哪 张 图片 里 有 {np}"),
        "count": ("有 几 {m} {noun}", "有 多少 {m} {noun}", "图 里 有 几 {m} {noun}", "你 看到 几 {m} {noun}"),
        "where": ("{noun} 在 哪里", "{noun} 在 什么 地方", "你 看到 {noun} 在 哪里"),
        "what": ("{second} 的 {rel} 是 什么", "{second} {rel} 有 什么", "什么 在 {second} 的 {rel}"),
        "describe": ("你 看到 了 什么", "图 里 有 什么", "这 张 图片 画 的 是 什么"),
        "again": ("你 说 什么", "我 没有 听清", "刚才 说 了 什么"),
        "help": ("你 会 做 什么", "我 可以 问 什么", "这个 怎么 用"),
        "stop": ("再见", "没有 了", "我 说 完 了"),
    },
}  # fmt: skip
UNSEEN = {  # of each intent, phrasings of known words that training never uses
    "en": {
        "find": ("can i see {np}", "i want you to find {np}"),
        "count": ("how many {nouns} does the picture show", "i want to see how many {nouns} there are"),
        "where": ("in the picture where is the {noun}", "i do not see the {noun} where is it"),
        "what": ("what does the picture show {rel} the {second}", "in the picture what is {rel} the {second}"),
        "describe": ("what can you tell me about this picture",),
        "again": ("i did not hear that say it again",),
        "help": ("what can i do help me",),
        "stop": ("okay stop that is all",),
    },
    "zh": {
        "find": ("我 想 找 {np}", "你 有 没有 {np} 的 图片"),
        "count": ("{noun} 有 几 {m}", "这 张 图片 里 有 多少 {m} {noun}"),
        "where": ("哪里 有 {noun}", "我 没有 看到 {noun} 在 哪里"),
        "what": ("在 {second} {rel} 的 是 什么", "你 看到 {second} 的 {rel} 有 什么"),
        "describe": ("这 张 图片 里 你 看到 什么",),
        "again": ("没有 听清 你 再 说 一次",),
        "help": ("我 想 问 你 怎么 用",),
        "stop": ("好 了 停 下来 再见",),
    },
}
OUTSIDE = {  # requests of another world; many speak of things that this one has
    "en": ("play {MUSIC}", "call {PEOPLE}", "what is the weather like {WHEN}", "turn {ON} the {DEVICES}",
           "order {FOOD}", "buy {FOOD} for {PEOPLE}", "what time is it {WHEN}", "wake me at {HOURS}",
           "tell me {TALES}", "how many days are there in {SPANS}", "where is the nearest {PLACES}",
           "show me the way to the {PLACES}", "write a letter to {PEOPLE}", "book a train to {TOWNS}",
           "how much is {FOOD}", "what is the price of {FOOD}", "feed the {PETS}", "how old is {PEOPLE}",
           "is it going to rain {WHEN}", "find a hotel in {TOWNS}", "count to {HOURS}",
           "wake {PEOPLE} at {HOURS}", "turn {ON} the {DEVICES} {WHEN}", "tell {PEOPLE} {TALES}",
           "what is the weather like in {TOWNS}", "how many days of rain are there in {SPANS}",
           "where is the {PLACES} in {TOWNS}", "how long does it take to the {PLACES}",
           "play {MUSIC} for {PEOPLE}", "can the {PETS} eat {FOOD}", "what time is it in {TOWNS} {WHEN}"),
    "zh": ("放 {MUSIC}", "给 {PEOPLE} 打 电话", "{WHEN} 天气 怎么样", "{ON} {DEVICES}", "点 {FOOD}",
           "给 {PEOPLE} 买 {FOOD}", "{WHEN} 几 点 了", "{HOURS} 点 叫 我 起床", "讲 {TALES}",
           "{SPANS} 有 多少 天", "最近 的 {PLACES} 在 哪里", "去 {PLACES} 怎么 走", "给 {PEOPLE} 写信",
           "买 一 张 去 {TOWNS} 的 火车 票", "{FOOD} 多少 钱", "喂 {PETS}", "{PEOPLE} 今年 几 岁",
           "{WHEN} 会 下雨 吗", "在 {TOWNS} 找 一 家 酒店", "从 一 数到 {HOURS}",
           "{HOURS} 点 叫 {PEOPLE} 起床", "{WHEN} {ON} {DEVICES}", "给 {PEOPLE} 讲 {TALES}",
           "{TOWNS} {WHEN} 天气 怎么样", "{SPANS} 会 下雨 几 天", "{TOWNS} 的 {PLACES} 在 哪里",
           "{WHEN} 去 {PLACES} 怎么 走", "给 {PEOPLE} 放 {MUSIC}", "{PETS} 可以 吃 {FOOD} 吗",
           "{TOWNS} {WHEN} 几 点 了"),
}  # fmt: skip
OPTIONS = {
    "en": {
        "MUSIC": ("some music", "a song", "the radio", "my favourite song", "the guitar"),
        "PEOPLE": ("my mother", "my father", "my sister", "my brother", "the doctor", "my friend"),
        "WHEN": ("today", "tomorrow", "now", "at night", "this week"),
        "ON": ("on", "off"),
        "DEVICES": ("light", "television", "radio", "heating", "alarm clock"),
        "FOOD": ("a slice of pizza", "two hamburgers", "some bread", "a cake", "three apples", "an ice cream"),
        "HOURS": ("five", "six", "seven", "eight", "nine", "ten"),
        "TALES": ("a joke", "a story", "the news", "something nice"),
        "SPANS": ("a week", "a month", "one year"),
        "PLACES": ("bus stop", "station", "school", "hospital", "house"),
        "TOWNS": ("london", "paris", "beijing", "rome"),
        "PETS": ("cat", "dog", "fish", "horse"),
    },
    "zh": {
        "MUSIC": ("音乐", "一 首 歌", "收音机", "我 喜欢 的 歌", "吉他"),
        "PEOPLE": ("妈妈", "爸爸", "姐姐", "弟弟", "医生", "我 的 朋友"),
        "WHEN": ("今天", "明天", "现在", "夜里", "这个 星期"),
        "ON": ("打开", "关掉"),
        "DEVICES": ("灯", "电视", "收音机", "空调", "闹钟"),
        "FOOD": ("一 块 披萨", "两 个 汉堡", "面包", "蛋糕", "三 个 苹果", "冰淇淋"),
        "HOURS": ("五", "六", "七", "八", "九", "十"),
        "TALES": ("一 个 笑话", "一 个 故事", "新闻", "有意思 的 事"),
        "SPANS": ("一 个 星期", "一 个 月", "一 年"),
        "PLACES": ("公共汽车 站", "火车 站", "学校", "医院", "房子"),
        "TOWNS": ("北京", "上海", "伦敦", "巴黎"),
        "PETS": ("猫", "狗", "鱼", "马"),
    },
}
