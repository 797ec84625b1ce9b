"""What a sticker scene can show: concepts, each a drawing and its words in two languages, and backgrounds."""

from typing import NamedTuple


class Concept(NamedTuple):
    """One everyday thing; `hexcode` names its drawing in OpenMoji, `measure` is its Chinese measure word."""

    id: str
    hexcode: str
    singular: str
    plural: str
    noun: str
    measure: str


class Background(NamedTuple):
    """One place or time; `colour` is RGB, 0 to 255, and leaves room for a brightness shift of 8 either way."""

    id: str
    en: str
    zh: str
    colour: tuple[int, int, int]


CONCEPTS = {
    concept.id: concept
    for concept in (
        # animals
        Concept("cat", "1F408", "cat", "cats", "猫", "只"),
        Concept("dog", "1F415", "dog", "dogs", "狗", "只"),
        Concept("horse", "1F40E", "horse", "horses", "马", "匹"),
        Concept("cow", "1F404", "cow", "cows", "牛", "头"),
        Concept("pig", "1F416", "pig", "pigs", "猪", "头"),
        Concept("sheep", "1F411", "sheep", "sheep", "羊", "只"),
        Concept("rabbit", "1F407", "rabbit", "rabbits", "兔子", "只"),
        Concept("giraffe", "1F992", "giraffe", "giraffes", "长颈鹿", "只"),
        Concept("rooster", "1F413", "rooster", "roosters", "公鸡", "只"),
        Concept("duck", "1F986", "duck", "ducks", "鸭子", "只"),
        Concept("swan", "1F9A2", "swan", "swans", "天鹅", "只"),
        Concept("owl", "1F989", "owl", "owls", "猫头鹰", "只"),
        Concept("penguin", "1F427", "penguin", "penguins", "企鹅", "只"),
        Concept("turtle", "1F422", "turtle", "turtles", "乌龟", "只"),
        Concept("snake", "1F40D", "snake", "snakes", "蛇", "条"),
        Concept("fish", "1F41F", "fish", "fish", "鱼", "条"),
        Concept("shark", "1F988", "shark", "sharks", "鲨鱼", "条"),
        Concept("octopus", "1F419", "octopus", "octopuses", "章鱼", "只"),
        Concept("crab", "1F980", "crab", "crabs", "螃蟹", "只"),
        Concept("snail", "1F40C", "snail", "snails", "蜗牛", "只"),
        Concept("butterfly", "1F98B", "butterfly", "butterflies", "蝴蝶", "只"),
        Concept("bee", "1F41D", "bee", "bees", "蜜蜂", "只"),
        Concept("ladybug", "1F41E", "ladybug", "ladybugs", "瓢虫", "只"),
        # food
        Concept("apple", "1F34E", "apple", "apples", "苹果", "个"),
        Concept("banana", "1F34C", "banana", "bananas", "香蕉", "根"),
        Concept("orange", "1F34A", "orange", "oranges", "橘子", "个"),
        Concept("strawberry", "1F353", "strawberry", "strawberries", "草莓", "个"),
        Concept("watermelon", "1F349", "slice of watermelon", "slices of watermelon", "西瓜", "块"),
        Concept("grapes", "1F347", "bunch of grapes", "bunches of grapes", "葡萄", "串"),
        Concept("carrot", "1F955", "carrot", "carrots", "胡萝卜", "根"),
        Concept("corn", "1F33D", "ear of corn", "ears of corn", "玉米", "根"),
        Concept("tomato", "1F345", "tomato", "tomatoes", "番茄", "个"),
        Concept("bread", "1F35E", "loaf of bread", "loaves of bread", "面包", "个"),
        Concept("hamburger", "1F354", "hamburger", "hamburgers", "汉堡", "个"),
        Concept("pizza", "1F355", "slice of pizza", "slices of pizza", "披萨", "块"),
        Concept("cake", "1F382", "cake", "cakes", "蛋糕", "个"),
        Concept("icecream", "1F366", "ice cream", "ice creams", "冰淇淋", "个"),
        # vehicles
        Concept("car", "1F697", "car", "cars", "汽车", "辆"),
        Concept("bus", "1F68C", "bus", "buses", "公共汽车", "辆"),
        Concept("bicycle", "1F6B2", "bicycle", "bicycles", "自行车", "辆"),
        Concept("train", "1F682", "train", "trains", "火车", "列"),
        Concept("airplane", "2708", "airplane", "airplanes", "飞机", "架"),
        Concept("helicopter", "1F681", "helicopter", "helicopters", "直升机", "架"),
        Concept("rocket", "1F680", "rocket", "rockets", "火箭", "枚"),
        Concept("sailboat", "26F5", "sailboat", "sailboats", "帆船", "艘"),
        # plants
        Concept("tree", "1F333", "tree", "trees", "树", "棵"),
        Concept("rose", "1F339", "rose", "roses", "玫瑰", "朵"),
        Concept("sunflower", "1F33B", "sunflower", "sunflowers", "向日葵", "朵"),
        Concept("cactus", "1F335", "cactus", "cactuses", "仙人掌", "棵"),
        Concept("mushroom", "1F344", "mushroom", "mushrooms", "蘑菇", "个"),
        # sky
        Concept("star", "2B50", "star", "stars", "星星", "颗"),
        Concept("sun", "2600", "sun", "suns", "太阳", "个"),
        Concept("moon", "1F319", "moon", "moons", "月亮", "个"),
        # things
        Concept("house", "1F3E0", "house", "houses", "房子", "座"),
        Concept("football", "26BD", "football", "footballs", "足球", "个"),
        Concept("balloon", "1F388", "balloon", "balloons", "气球", "个"),
        Concept("key", "1F511", "key", "keys", "钥匙", "把"),
        Concept("scissors", "2702", "pair of scissors", "pairs of scissors", "剪刀", "把"),
        Concept("book", "1F4D5", "book", "books", "书", "本"),
        Concept("guitar", "1F3B8", "guitar", "guitars", "吉他", "把"),
        Concept("clock", "23F0", "alarm clock", "alarm clocks", "闹钟", "个"),
        Concept("umbrella", "2602", "umbrella", "umbrellas", "雨伞", "把"),
        Concept("bell", "1F514", "bell", "bells", "铃铛", "个"),
        Concept("crown", "1F451", "crown", "crowns", "皇冠", "顶"),
    )
}

BACKGROUNDS = {
    background.id: background
    for background in (
        Background("grass", "on the grass", "草地上", (150, 214, 120)),
        Background("sand", "on the sand", "沙滩上", (240, 222, 160)),
        Background("sky", "in the sky", "天空中", (170, 214, 246)),
        Background("snow", "on the snow", "雪地上", (236, 240, 246)),
        Background("night", "at night", "夜里", (60, 64, 110)),
    )
}
