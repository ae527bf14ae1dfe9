// Reads gettext catalogues and puts their words into sources. Used by the build and by the tests of the catalogues.

/** Messages of a .po file: msgid -> [msgstr] or [one, other]. */
export function readCatalogue(text) {
  const messages = new Map();
  for (const block of text.split(/\n\s*\n/)) {
    const fields = readBlock(block);
    if (fields.msgid) messages.set(fields.msgid, Object.keys(fields).filter((key) => key.startsWith('msgstr')).map((key) => fields[key]));
  }
  return messages;
}

function readBlock(block) {
  const fields = {};
  let key = '';
  for (const line of block.split('\n')) {
    const found = /^(msgid|msgid_plural|msgstr(?:\[\d\])?)\s+(".*")$/.exec(line);
    if (found) fields[key = found[1]] = JSON.parse(found[2]);
    else if (key && line.startsWith('"')) fields[key] += JSON.parse(line);
  }
  return fields;
}

const TEXT = String.raw`'((?:[^'\\]|\\.)*)'`;
export const ONE = new RegExp(String.raw`\bt\(\s*${TEXT}`, 'g');
export const MANY = new RegExp(String.raw`\btn\(\s*${TEXT},\s*${TEXT}`, 'g');

/** The sentence that a quoted source text stands for. */
export const unquote = (quoted) => quoted.replace(/\\(.)/g, '$1');

/** `source` with every t('…') and tn('…', '…') in the language of `words`. Throws where a sentence is missing. */
export function withWords(source, words, file) {
  const find = (quoted) => {
    const found = words.get(unquote(quoted));
    if (!found || found.some((word) => !word)) throw new Error(`${file}: no translation for ${JSON.stringify(unquote(quoted))}`);
    return found;
  };
  return source
    .replace(MANY, (_, one) => { const [first, other] = find(one); return `tn(${JSON.stringify(first)}, ${JSON.stringify(other ?? first)}`; })
    .replace(ONE, (_, one) => `t(${JSON.stringify(find(one)[0])}`);
}
