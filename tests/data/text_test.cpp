#include "sim/data/text.hpp"

#include <algorithm>

#include "sim/data/catalogue.hpp"
#include "sim/data/partition.hpp"
#include "sim/data/subset.hpp"
#include "tests/data/data_files.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;
using Words = std::vector<std::string>;

namespace {
Words spelled(const Dataset& data, const TokenSet& set) {
  Words words;
  for (const auto token : set.tokens) words.push_back(data.vocabulary.at(static_cast<std::size_t>(token)));
  return words;
}
}  // namespace

TEST_CASE("words become numbers by frequency, then by their bytes; every line ends with <eos>") {
  TempFolder folder;
  const auto train = folder.write("train", std::string(" the cat sat \n\n the dog\n"));
  const auto test = folder.write("test", std::string("the dog sat\tcat"));
  const Dataset data = read_text(train, test, TextUnit::word, 2);
  CHECK(data.vocabulary == Words{"<eos>", "the", "cat", "dog", "sat"});
  CHECK(data.classes == 5);
  CHECK(data.kind == DataKind::tokens);
  CHECK(spelled(data, data.train_tokens) == Words{"the", "cat", "sat", "<eos>", "<eos>", "the", "dog", "<eos>"});
  CHECK(spelled(data, data.test_tokens) == Words{"the", "dog", "sat", "cat", "<eos>"});
  SECTION("a sample's last position needs the token after the window") {
    CHECK(data.train_samples() == 3);  // 8 tokens: [0, 2] [2, 4] [4, 6]
    CHECK(data.test_samples() == 2);
  }
}

TEST_CASE("a test word that the training text lacks is <unk>") {
  TempFolder folder;
  const auto test = folder.write("test", std::string("a new word\n"));
  SECTION("the training text's own <unk> where it has one") {
    const Dataset data = read_text(folder.write("train", std::string("<unk> a <unk> b\n")), test, TextUnit::word, 1);
    CHECK(data.vocabulary == Words{"<unk>", "<eos>", "a", "b"});
    CHECK(spelled(data, data.test_tokens) == Words{"a", "<unk>", "<unk>", "<eos>"});
  }
  SECTION("else one at the vocabulary's end") {
    const Dataset data = read_text(folder.write("train", std::string("a b\n")), test, TextUnit::word, 1);
    CHECK(data.vocabulary == Words{"<eos>", "a", "b", "<unk>"});
  }
  SECTION("none where none is needed") {
    const Dataset data = read_text(folder.write("train", std::string("a new word\n")), test, TextUnit::word, 1);
    CHECK(data.classes == 4);
  }
}

TEST_CASE("characters are code points, line ends included") {
  TempFolder folder;
  const Dataset data = read_text(folder.write("train", std::string("aé€a\n")), folder.write("test", std::string("€ab")),
                                 TextUnit::character, 1);
  CHECK(data.vocabulary == Words{"a", "\n", "é", "€", "<unk>"});
  CHECK(spelled(data, data.test_tokens) == Words{"€", "a", "<unk>"});
}

TEST_CASE("the last tenth of a single text is its test") {
  TempFolder folder;
  std::string text;
  for (int i = 0; i < 10; ++i) text += "abcdefghij";
  const Dataset data = read_text(folder.write("book", text), TextUnit::character, 4);
  CHECK(data.train_tokens.tokens.size() == 90);
  CHECK(data.test_tokens.tokens.size() == 10);
  CHECK(data.train_samples() == 22);
  CHECK(data.test_samples() == 2);
}

TEST_CASE("where each file is a client, its windows are a group of their own, and its last tenth is tested") {
  TempFolder folder;
  // 20 and 40 characters: 18 and 36 for training, of which 3 windows of 5 and 7 fit behind a line end.
  const std::vector<std::string> files = {folder.write("a", std::string("abcdefghijklmnopqrst")),
                                          folder.write("b", std::string(40, 'x'))};
  Dataset data = read_clients_text(files, TextUnit::character, 5);
  CHECK(data.train_samples() == 10);
  CHECK(data.train_images.groups == std::vector<std::int32_t>{0, 0, 0, 1, 1, 1, 1, 1, 1, 1});
  const Words words = spelled(data, data.train_tokens);
  CHECK(Words(words.begin(), words.begin() + 3) == Words{"\n", "a", "b"});
  // A window's last target is the line end in front of the next client's text, and not its text.
  CHECK(words[15] == "\n");
  CHECK(words[14] == "n");
  CHECK(words.back() == "\n");
  CHECK(spelled(data, data.test_tokens) == Words{"\n", "<unk>", "<unk>", "\n", "x", "x", "x", "x"});

  DataOptions natural;
  natural.partition = DataOptions::Partition::natural;
  auto parts = partition(data, natural, 2, 1).samples;
  std::sort(parts.begin(), parts.end());
  CHECK(parts == std::vector<std::vector<std::int32_t>>{{0, 1, 2}, {3, 4, 5, 6, 7, 8, 9}});
  CHECK_THAT(error_of([&] { partition(data, natural, 3, 1); }), ContainsSubstring("3 devices for 2 natural groups"));

  // A subset has the clients in proportion, each one's first windows.
  keep_train_samples(data, 5, 1);
  CHECK(data.train_samples() == 5);
  CHECK(data.train_images.groups == std::vector<std::int32_t>{0, 0, 1, 1, 1});
  CHECK(spelled(data, data.train_tokens)[9] == "i");
  CHECK_THAT(error_of([&] {
               read_clients_text({files[0], folder.write("c", std::string("abc"))}, TextUnit::character, 5);
             }),
             ContainsSubstring("c: 3 tokens of training text"));
}

TEST_CASE("a folder of several texts is one of clients, unless their names say train and test") {
  TempFolder folder;
  for (const char* name : {"poem-2", "poem-10"}) folder.write(name, std::string(60, 'a') + name + "\n");
  DataOptions options;
  options.set = "characters";
  options.path = folder.path("");
  // Of 67 and 68 characters 61 and 62 are for training: with a line end in front, seven windows each.
  CHECK(load_dataset(options, 8, 1, false).train_images.groups.size() == 2 * 7);
  folder.write("poems.train", std::string(60, 'a'));
  CHECK_THAT(error_of([&] { load_dataset(options, 8, 1, false); }),
             ContainsSubstring("1 files named *train* and 0 named *test*"));
  folder.write("poems.test", std::string(60, 'a'));
  CHECK(load_dataset(options, 8, 1, false).train_images.groups.empty());
}

TEST_CASE("compressed text reads like plain text") {
  TempFolder folder;
  const std::string text = "one two three\nfour\n";
  const auto plain = folder.write("plain", text);
  const auto gzip = folder.write_gzip("text.gz", Bytes(text.begin(), text.end()));
  CHECK(read_text(plain, gzip, TextUnit::word, 1).test_tokens.tokens ==
        read_text(plain, plain, TextUnit::word, 1).test_tokens.tokens);
}

TEST_CASE("text that cannot be used is refused") {
  TempFolder folder;
  const auto good = folder.write("good", std::string("some words here\n"));
  CHECK_THAT(error_of([&] { read_text(good, folder.write("empty", std::string()), TextUnit::word, 2); }),
             ContainsSubstring("empty: 0 tokens of test text; at least 3"));
  CHECK_THAT(error_of([&] { read_text(good, good, TextUnit::word, 4); }),
             ContainsSubstring("4 tokens of training text"));
  CHECK_THAT(error_of([&] { read_text(folder.write("x", std::string("ab\xff")), good, TextUnit::character, 1); }),
             ContainsSubstring("x: byte 2: not UTF-8"));
  CHECK_THAT(error_of([&] { read_text(folder.write("x", std::string("ab\xe2\x82")), good, TextUnit::character, 1); }),
             ContainsSubstring("x: byte 4: the text ends within a character"));
  CHECK_THAT(error_of([&] { read_text(folder.path("none"), good, TextUnit::word, 1); }),
             ContainsSubstring("no such file"));
}
