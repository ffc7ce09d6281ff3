import { expect, test } from 'vitest';
import { compilePattern } from './compile-pattern.ts';
import { ruleIndex } from './rule-index.ts';

test('finds ids in the order of their adding, replaces and removes', () => {
  const index = ruleIndex();
  const event = '{"source":"a","detail":{"n":5}}';
  expect(index.match(event)).toEqual([]);
  index.add('range', compilePattern('{"detail":{"n":[{"numeric":[">",1]}]}}'));
  index.add('source', compilePattern('{"source":["a","b"]}'));
  index.add('both', compilePattern('{"source":["a"],"detail":{"n":[5.0]}}'));
  index.add('other', compilePattern('{"source":["b"]}'));
  expect(index.match(event)).toEqual(['range', 'source', 'both']);
  expect(index.size).toBe(4);

  index.add('range', compilePattern('{"source":["c"]}'));
  expect(index.remove('source')).toBe(true);
  expect(index.remove('source')).toBe(false);
  expect(index.match(event)).toEqual(['both']);
  expect(index.size).toBe(3);
});

test('an id that matches in several ways is found once', () => {
  const index = ruleIndex();
  index.add('r', compilePattern('{"$or":[{"a":["x","y"]},{"b":[1]},{"c":[{"exists":true}]}]}'));
  expect(index.match('{"a":["x","y","x"],"b":1,"c":[1,2]}')).toEqual(['r']);
});

test('finds addresses by any spelling, and lacks', () => {
  const index = ruleIndex();
  index.add('v6', compilePattern('{"ip":["2001:db8::1"]}'));
  index.add('v4', compilePattern('{"ip":["10.0.0.1"]}'));
  index.add('none', compilePattern('{"ip":[{"exists":false}]}'));
  index.add('null', compilePattern('{"ip":[null]}'));
  expect(index.match('{"ip":"2001:DB8:0::1"}')).toEqual(['v6']);
  expect(index.match('{"ip":"::ffff:a00:1"}')).toEqual(['v4']);
  expect(index.match('{}')).toEqual(['none']);
  expect(index.match('{"ip":null}')).toEqual(['null']);
});

test('an alternative waits where few others do, so an event meets few of many rules', () => {
  const index = ruleIndex();
  let evaluated = 0;
  for (let n = 0; n < 300; n++) {
    const pattern = compilePattern(
      `{"source":["acme"],"detail-type":["T${n}"],"detail":{"x":[{"equals-ignore-case":"v${n}"}]}}`,
    );
    // The last condition of each rule tells when it is asked.
    const matcher = pattern.alternatives[0]?.find(({ path }) => path === 'detail.x')?.matchers[0];
    if (matcher?.kind !== 'ignore-case') throw new Error('the pattern has another condition');
    const { expression } = matcher;
    const test = expression.test.bind(expression);
    expression.test = (value) => {
      evaluated++;
      return test(value);
    };
    index.add(`r${n}`, pattern);
  }
  expect(index.match('{"source":"acme","detail-type":"T7","detail":{"x":"V7"}}')).toEqual(['r7']);
  expect(evaluated).toBe(1);
});
