/* The worker of the search box, which imports the theme's own. A question loses the words that every page has, and each of its
   other words its ending, since the search finds whatever begins with a word. Answers are weighed anew: those that hold every
   word come first, and those whose heading says little else. */

const EMPTY = new Set(
  (
    "a about am an and any are as at be been but by can cannot could did do does doing for from get gets go goes had has have how i if in " +
    "into is it its me my no not of on or our should so than that the their them then there these they this to us was we were what " +
    "when where which while who why will with would you your"
  ).split(" "),
);
const ENDING =
  /(?<=\w{4})(?:i[sz](?:e[ds]?|ing|ers?|ations?)|ations?|ings?|ed|e?s|e)$|(?<=im)(?:um|a)$/;

const prepared = (question) => {
  if (/["+~^*]/.test(question)) return question;
  const words = question.toLowerCase().trim().split(/\s+/);
  const full = words.filter((word) => !EMPTY.has(word));
  const last = full.at(-1);
  return (full.length ? full : words)
    .map((word) => (word.length < 4 && word !== last ? `${word}^1` : word.replace(ENDING, "")))
    .join(" ");
};

const namedBy = (title) => {
  const found = title.match(/<mark>/g) ?? [];
  const words = title.toLowerCase().replace(/<[^>]*>/g, "").match(/[^\W_]+/g) ?? [];
  return found.length / Math.max(1, words.filter((word) => !EMPTY.has(word)).length);
};

const named = (title) => Math.max(...title.split(":").map(namedBy));

const weighed = ({ score, terms, title, location: place }) => {
  const words = Object.values(terms);
  const share = words.filter(Boolean).length / Math.max(1, words.length);
  const page = !place.includes("#");
  const theirs = 1 + (share + page) ** 2;
  return (score / theirs) * share ** 4 * (1 + 2 * named(title)) * (page ? 1.5 : 1);
};

const inOrder = (groups) => {
  for (const group of groups) {
    for (const entry of group) entry.score = weighed(entry);
    group.sort((one, other) => other.score - one.score);
  }
  return groups.sort(([one], [other]) => other.score - one.score);
};

addEventListener("message", ({ data: message }) => {
  if (typeof message.data === "string") message.data = prepared(message.data);
});

const post = self.postMessage.bind(self);
self.postMessage = (message) => {
  if (message.data?.items) inOrder(message.data.items);
  post(message);
};

importScripts(location.search.slice(1));
