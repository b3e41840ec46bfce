import { describe, expect, it } from 'vitest';

import { isRequest, methodName, requestAttributes } from '../src/request-attributes.ts';

const operation = (method?: string, url?: string) => ({ id: 'op-1', key: '', method, url });

describe('the attributes of a request', () => {
  it.each([
    ['https://api.example.com/users', 'api.example.com', 443],
    ['http://api.example.com/', 'api.example.com', 80],
    ['http://127.0.0.1:8080/', '127.0.0.1', 8080],
    ['https://[2001:db8::1]/', '2001:db8::1', 443],
  ])('of %s have the server, and its port even where it is the default', (url, address, port) => {
    expect(requestAttributes(operation('GET', url))).toEqual({
      'http.request.method': 'GET',
      'server.address': address,
      'server.port': port,
      'url.full': url,
    });
  });

  it('leave out what there is not', () => {
    expect(requestAttributes(operation())).toEqual({});
    expect(requestAttributes(operation('GET'))).toEqual({ 'http.request.method': 'GET' });
    expect(requestAttributes(operation('GET', 'custom://somewhere/'))).not.toHaveProperty(['server.port']);
  });
});

describe('an operation', () => {
  it.each([
    ['a function', undefined, undefined, false, undefined],
    ['a function with a method', 'GET', undefined, false, 'GET'],
    ['a request', 'QUERY', 'https://a.example/', true, 'QUERY'],
    ['a request with a method of its own', 'PURGE', 'https://a.example/', true, 'HTTP'],
  ])('that is %s is known for one', (_, method, url, request, name) => {
    expect(isRequest(operation(method, url))).toBe(request);
    expect(methodName(operation(method, url))).toBe(name);
  });
});
