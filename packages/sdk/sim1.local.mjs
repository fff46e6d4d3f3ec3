var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __commonJS = (cb, mod) => function __require() {
  return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
};
var __copyProps = (to, from2, except, desc) => {
  if (from2 && typeof from2 === "object" || typeof from2 === "function") {
    for (let key2 of __getOwnPropNames(from2))
      if (!__hasOwnProp.call(to, key2) && key2 !== except)
        __defProp(to, key2, { get: () => from2[key2], enumerable: !(desc = __getOwnPropDesc(from2, key2)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));

// node_modules/eventemitter3/index.js
var require_eventemitter3 = __commonJS({
  "node_modules/eventemitter3/index.js"(exports, module) {
    "use strict";
    var has = Object.prototype.hasOwnProperty;
    var prefix = "~";
    function Events() {
    }
    if (Object.create) {
      Events.prototype = /* @__PURE__ */ Object.create(null);
      if (!new Events().__proto__) prefix = false;
    }
    function EE(fn, context, once) {
      this.fn = fn;
      this.context = context;
      this.once = once || false;
    }
    function addListener(emitter, event, fn, context, once) {
      if (typeof fn !== "function") {
        throw new TypeError("The listener must be a function");
      }
      var listener = new EE(fn, context || emitter, once), evt = prefix ? prefix + event : event;
      if (!emitter._events[evt]) emitter._events[evt] = listener, emitter._eventsCount++;
      else if (!emitter._events[evt].fn) emitter._events[evt].push(listener);
      else emitter._events[evt] = [emitter._events[evt], listener];
      return emitter;
    }
    function clearEvent(emitter, evt) {
      if (--emitter._eventsCount === 0) emitter._events = new Events();
      else delete emitter._events[evt];
    }
    function EventEmitter2() {
      this._events = new Events();
      this._eventsCount = 0;
    }
    EventEmitter2.prototype.eventNames = function eventNames() {
      var names = [], events, name;
      if (this._eventsCount === 0) return names;
      for (name in events = this._events) {
        if (has.call(events, name)) names.push(prefix ? name.slice(1) : name);
      }
      if (Object.getOwnPropertySymbols) {
        return names.concat(Object.getOwnPropertySymbols(events));
      }
      return names;
    };
    EventEmitter2.prototype.listeners = function listeners(event) {
      var evt = prefix ? prefix + event : event, handlers = this._events[evt];
      if (!handlers) return [];
      if (handlers.fn) return [handlers.fn];
      for (var i = 0, l = handlers.length, ee = new Array(l); i < l; i++) {
        ee[i] = handlers[i].fn;
      }
      return ee;
    };
    EventEmitter2.prototype.listenerCount = function listenerCount(event) {
      var evt = prefix ? prefix + event : event, listeners = this._events[evt];
      if (!listeners) return 0;
      if (listeners.fn) return 1;
      return listeners.length;
    };
    EventEmitter2.prototype.emit = function emit(event, a1, a2, a3, a4, a5) {
      var evt = prefix ? prefix + event : event;
      if (!this._events[evt]) return false;
      var listeners = this._events[evt], len = arguments.length, args, i;
      if (listeners.fn) {
        if (listeners.once) this.removeListener(event, listeners.fn, void 0, true);
        switch (len) {
          case 1:
            return listeners.fn.call(listeners.context), true;
          case 2:
            return listeners.fn.call(listeners.context, a1), true;
          case 3:
            return listeners.fn.call(listeners.context, a1, a2), true;
          case 4:
            return listeners.fn.call(listeners.context, a1, a2, a3), true;
          case 5:
            return listeners.fn.call(listeners.context, a1, a2, a3, a4), true;
          case 6:
            return listeners.fn.call(listeners.context, a1, a2, a3, a4, a5), true;
        }
        for (i = 1, args = new Array(len - 1); i < len; i++) {
          args[i - 1] = arguments[i];
        }
        listeners.fn.apply(listeners.context, args);
      } else {
        var length = listeners.length, j;
        for (i = 0; i < length; i++) {
          if (listeners[i].once) this.removeListener(event, listeners[i].fn, void 0, true);
          switch (len) {
            case 1:
              listeners[i].fn.call(listeners[i].context);
              break;
            case 2:
              listeners[i].fn.call(listeners[i].context, a1);
              break;
            case 3:
              listeners[i].fn.call(listeners[i].context, a1, a2);
              break;
            case 4:
              listeners[i].fn.call(listeners[i].context, a1, a2, a3);
              break;
            default:
              if (!args) for (j = 1, args = new Array(len - 1); j < len; j++) {
                args[j - 1] = arguments[j];
              }
              listeners[i].fn.apply(listeners[i].context, args);
          }
        }
      }
      return true;
    };
    EventEmitter2.prototype.on = function on(event, fn, context) {
      return addListener(this, event, fn, context, false);
    };
    EventEmitter2.prototype.once = function once(event, fn, context) {
      return addListener(this, event, fn, context, true);
    };
    EventEmitter2.prototype.removeListener = function removeListener(event, fn, context, once) {
      var evt = prefix ? prefix + event : event;
      if (!this._events[evt]) return this;
      if (!fn) {
        clearEvent(this, evt);
        return this;
      }
      var listeners = this._events[evt];
      if (listeners.fn) {
        if (listeners.fn === fn && (!once || listeners.once) && (!context || listeners.context === context)) {
          clearEvent(this, evt);
        }
      } else {
        for (var i = 0, events = [], length = listeners.length; i < length; i++) {
          if (listeners[i].fn !== fn || once && !listeners[i].once || context && listeners[i].context !== context) {
            events.push(listeners[i]);
          }
        }
        if (events.length) this._events[evt] = events.length === 1 ? events[0] : events;
        else clearEvent(this, evt);
      }
      return this;
    };
    EventEmitter2.prototype.removeAllListeners = function removeAllListeners(event) {
      var evt;
      if (event) {
        evt = prefix ? prefix + event : event;
        if (this._events[evt]) clearEvent(this, evt);
      } else {
        this._events = new Events();
        this._eventsCount = 0;
      }
      return this;
    };
    EventEmitter2.prototype.off = EventEmitter2.prototype.removeListener;
    EventEmitter2.prototype.addListener = EventEmitter2.prototype.on;
    EventEmitter2.prefixed = prefix;
    EventEmitter2.EventEmitter = EventEmitter2;
    if ("undefined" !== typeof module) {
      module.exports = EventEmitter2;
    }
  }
});

// packages/sdk/src/base/errors.ts
var RedRoomError = class extends Error {
  /** @param message "unable to <do what>; <reason with numbers>" */
  constructor(code, message, options = {}) {
    super(message, "cause" in options ? { cause: options.cause } : void 0);
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.remedy = options.remedy;
    this.evidence = options.evidence;
  }
  code;
  name = "RedRoomError";
  retryable;
  retryAfterMs;
  remedy;
  evidence;
};
function toRedRoomError(thrown, fallback, doing) {
  if (thrown instanceof RedRoomError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new RedRoomError(fallback, `unable to ${doing}; ${reason}`, { cause: thrown });
}

// packages/sdk/src/testing/manual-clock.ts
var ManualClock = class {
  #now;
  /** By time, and where that is equal in the order in which they were set. */
  #timers = [];
  /** @param now Milliseconds since the Unix epoch; 2026-01-01 by default. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }
  now() {
    return this.#now;
  }
  setTimer(callback, delayMs) {
    const timer = { at: this.#now + Math.max(0, delayMs), callback };
    this.#timers.splice(this.#placeBehind(timer.at), 0, timer);
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      }
    };
  }
  /** How many timers are pending: none is left behind by what was closed. */
  get pending() {
    return this.#timers.length;
  }
  /** When the next timer falls due; `undefined` while none is pending. */
  get nextDue() {
    return this.#timers[0]?.at;
  }
  /** Lets time pass, calling what falls due, in order, each at its own time. Nothing else runs between the calls. */
  advance(byMs) {
    const end2 = this.#now + byMs;
    while (this.step(end2)) ;
    this.#now = end2;
  }
  /**
   * Lets time pass as `advance` does; behind each call everything runs that it has set going, as far as it waits for no
   * timer: promises first, then one turn of the event loop.
   */
  async advanceAsync(byMs) {
    const end2 = this.#now + byMs;
    do
      await new Promise(setImmediate);
    while (this.step(end2));
    this.#now = end2;
  }
  /**
   * Moves on to the next timer and calls it.
   *
   * @param latest Later timers are left alone.
   * @returns `false` when there was none.
   */
  step(latest = Number.POSITIVE_INFINITY) {
    const [due] = this.#timers;
    if (due === void 0 || due.at > latest) return false;
    this.#timers.shift();
    this.#now = Math.max(this.#now, due.at);
    due.callback();
    return true;
  }
  #placeBehind(at) {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = low + high >>> 1;
      if (this.#timers[middle].at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
};

// packages/sdk/src/transport/endings.ts
var streamReset = (id2, code) => new RedRoomError("STREAM_RESET", `stream ${id2} ended before its time; the peer reset it with code ${code}`);
var streamClosed = (id2) => new RedRoomError("STREAM_CLOSED", `unable to write to stream ${id2}; its end was already written`);
var tooManyStreams = (open) => new RedRoomError("TOO_MANY_STREAMS", `unable to open a stream; the peer allows no further one beside ${open} open`, {
  retryable: true
});
var connectionClosed = (why) => new RedRoomError("CONNECTION_CLOSED", `the connection is closed; ${why}`);
var connectionLost = (why, cause) => new RedRoomError("CONNECTION_LOST", `the connection is lost; ${why}`, { retryable: true, cause });
function closedBy(by, code, reason) {
  return { by, code, reason, error: code === 0 ? void 0 : connectionClosed(describe(by, code, reason)) };
}
var lost = (error) => ({ by: "lost", code: 0, reason: "", error });
var streamErrorOf = ({ by, code, reason, error }) => error ?? connectionClosed(describe(by, code, reason));
var describe = (by, code, reason) => `${by === "local" ? "we" : "the peer"} ended it with code ${code}${reason === "" ? "" : ` (${reason})`}`;
var aborted = (doing, cause) => new RedRoomError("ABORTED", `unable to ${doing}; the caller gave up`, { cause });

// packages/sdk/src/base/logger.ts
var nothing = () => {
};
var silentLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

// packages/sdk/src/transport/guarded.ts
function guarded(logger, doing, callback) {
  try {
    callback();
    return true;
  } catch (thrown) {
    logger.error({ error: toRedRoomError(thrown, "INTERNAL", doing) }, `a callback threw; unable to ${doing}`);
    return false;
  }
}

// packages/sdk/src/base/bytes.ts
function toBase64Url(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
function fromBase64Url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return void 0;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return toBase64Url(bytes) === text ? bytes : void 0;
}
function concatBytes(chunks) {
  if (chunks.length === 1 && chunks[0] !== void 0) return chunks[0];
  let length = 0;
  for (const chunk of chunks) length += chunk.byteLength;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
var encoder = new TextEncoder();
var decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
var utf8 = (text) => encoder.encode(text);
var fromUtf8 = (bytes) => decoder.decode(bytes);

// packages/sdk/src/transport/stream.ts
var HIGH_WATER_BYTES = 64 * 1024;
var LOW_WATER_BYTES = HIGH_WATER_BYTES / 2;
var NOTHING = new Uint8Array(0);
var NetworkStream = class {
  id;
  #logger;
  #handler;
  #queue = [];
  #bufferedBytes = 0;
  #drainDue = false;
  /** The network took less than offered; it calls `flush` when it can take more. */
  #blocked = false;
  #paused = false;
  /** `end()` was called; then: the network has taken it. */
  #ending = false;
  #endSent = false;
  /** The peer's end was read; then: `onEnd` was called. */
  #endRead = false;
  #remoteEnded = false;
  /** Nothing happens any more: reset, failed, or ended on both sides. */
  #over = false;
  constructor(id2, logger) {
    this.id = id2;
    this.#logger = logger;
  }
  get bufferedBytes() {
    return this.#bufferedBytes;
  }
  get blocked() {
    return this.#blocked && !this.#over;
  }
  get paused() {
    return this.#paused;
  }
  /** The peer has ended and we have not: only its wish to stop us can still arrive. */
  get halfClosed() {
    return this.#endRead && !this.#ending;
  }
  get handler() {
    return this.#handler;
  }
  set handler(handler) {
    this.#handler = handler;
    if (!this.#over) this.scheduleDelivery();
  }
  write(bytes) {
    if (this.#over) return false;
    if (this.#ending) throw streamClosed(this.id);
    if (bytes.byteLength > 0) {
      this.#queue.push(bytes);
      this.#bufferedBytes += bytes.byteLength;
      if (!this.#blocked) this.scheduleFlush();
    }
    if (this.#bufferedBytes <= HIGH_WATER_BYTES) return true;
    this.#drainDue = true;
    return false;
  }
  end() {
    if (this.#over || this.#ending) return;
    this.#ending = true;
    if (!this.#blocked) this.scheduleFlush();
  }
  reset(code = 0) {
    if (this.#over) return;
    this.abandon(code);
    this.#finish();
  }
  pause() {
    this.#paused = true;
  }
  resume() {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#over) this.scheduleDelivery();
  }
  /** Hands over what has arrived, as far as the handler wants it. */
  deliver() {
    while (this.#handler !== void 0 && !this.#paused && !this.#over && !this.#remoteEnded) {
      if (this.#endRead) {
        this.#remoteEnded = true;
        this.#call("onEnd", (handler) => handler.onEnd());
        this.#settle();
        return;
      }
      const received = this.receive();
      if (received === void 0) return;
      this.#endRead = received.end;
      if (received.bytes.byteLength > 0) this.#call("onData", (handler) => handler.onData(received.bytes));
    }
  }
  /** Gives the network as much as it takes, what was written in one turn in one piece. */
  flush() {
    this.#blocked = false;
    while (!this.#over && !this.#endSent && (this.#queue.length > 0 || this.#ending)) {
      const bytes = this.#head();
      const end2 = this.#ending && bytes.byteLength === this.#bufferedBytes;
      const taken = this.transmit(bytes, end2);
      if (this.#over) return;
      this.#bufferedBytes -= taken;
      if (taken < bytes.byteLength) {
        this.#queue[0] = bytes.subarray(taken);
        this.#blocked = true;
        break;
      }
      this.#queue.shift();
      this.#endSent = end2;
    }
    if (this.#drainDue && this.#bufferedBytes <= LOW_WATER_BYTES) {
      this.#drainDue = false;
      if (!this.#silent) this.#call("onDrain", (handler) => handler.onDrain());
    }
    this.#settle();
  }
  /** The stream ended before its time: by the peer's reset or with the connection. */
  fail(error) {
    if (this.#over) return;
    const silent2 = this.#silent;
    this.#finish();
    if (!silent2) this.#call("onReset", (handler) => handler.onReset(error));
  }
  /** Both ends are decided; nothing that happens now concerns the handler. */
  get #silent() {
    return this.#over || this.#remoteEnded && this.#ending;
  }
  /** The first piece of the queue, after joining small ones to about 64 KiB. */
  #head() {
    let count2 = 0;
    for (let size = 0; count2 < this.#queue.length && size < HIGH_WATER_BYTES; count2++) {
      size += this.#queue[count2]?.byteLength ?? 0;
    }
    if (count2 > 1) this.#queue.splice(0, count2, concatBytes(this.#queue.slice(0, count2)));
    return this.#queue[0] ?? NOTHING;
  }
  #settle() {
    if (!this.#over && this.#endSent && this.#remoteEnded) this.#finish();
  }
  #finish() {
    this.#over = true;
    this.#queue = [];
    this.#bufferedBytes = 0;
    this.release();
  }
  /** A handler that throws loses its stream, and nothing else suffers. */
  #call(stage, callback) {
    const handler = this.#handler;
    if (handler === void 0) return;
    try {
      callback(handler);
    } catch (thrown) {
      const error = new RedRoomError(
        "INTERNAL",
        `unable to go on with stream ${this.id}; ${stage} of its handler threw`,
        {
          cause: thrown
        }
      );
      this.#logger.error({ error, stream: this.id }, "a stream handler threw; its stream is reset");
      if (stage === "onReset") return;
      const silent2 = this.#silent;
      this.reset();
      if (!silent2) this.#call("onReset", () => handler.onReset(error));
    }
  }
};

// packages/sdk/src/transport/memory/memory-stream.ts
var MemoryStream = class extends NetworkStream {
  #connection;
  #inbox = [];
  #creditBytes;
  constructor(connection, id2, windowBytes, logger) {
    super(id2, logger);
    this.#connection = connection;
    this.#creditBytes = windowBytes;
  }
  /** The peer's bytes, or its end, have arrived. */
  arrive(received) {
    this.#inbox.push(received);
    this.deliver();
  }
  /** The peer has consumed some bytes. */
  credit(bytes) {
    this.#creditBytes += bytes;
    if (this.blocked) this.flush();
  }
  scheduleDelivery() {
    this.#connection.post(() => this.deliver());
  }
  scheduleFlush() {
    this.#connection.post(() => this.flush());
  }
  receive() {
    const received = this.#inbox.shift();
    const size = received?.bytes.byteLength ?? 0;
    if (size > 0) this.#connection.send(this.id, (peer) => peer.streams.get(this.id)?.credit(size));
    return received;
  }
  transmit(bytes, end2) {
    const taken = Math.min(bytes.byteLength, this.#creditBytes);
    const complete = taken === bytes.byteLength;
    if (taken > 0 || complete && end2) {
      this.#creditBytes -= taken;
      const received = { bytes: bytes.slice(0, taken), end: complete && end2 };
      this.#connection.send(this.id, (peer) => peer.accept(this.id)?.arrive(received));
    }
    return taken;
  }
  abandon(code) {
    this.#connection.send(this.id, (peer) => peer.abandoned(this.id, code));
  }
  release() {
    this.#inbox = [];
    this.#connection.forget(this.id);
  }
};

// packages/sdk/src/transport/memory/memory-connection.ts
var MemoryConnection = class _MemoryConnection {
  remoteAddress;
  closed;
  streams = /* @__PURE__ */ new Map();
  #side;
  #path;
  #settings;
  onStream;
  #peer;
  #closing = false;
  #ended = false;
  #vanished = false;
  #nextId;
  #nextPeerId;
  /** Streams of the peer that a later one has overtaken: a reset travels at once, bytes at the end of the turn. */
  #overtaken = /* @__PURE__ */ new Set();
  /** Streams we opened and the peer still knows. */
  #opened = 0;
  #resolveClosed = () => {
  };
  constructor(side, remoteAddress, path, settings) {
    this.#side = side;
    this.remoteAddress = remoteAddress;
    this.#path = path;
    this.#settings = settings;
    this.#nextId = side === "client" ? 0 : 1;
    this.#nextPeerId = 1 - this.#nextId;
    this.closed = new Promise((resolve2) => {
      this.#resolveClosed = resolve2;
    });
  }
  static pair(clientAddress, serverAddress, path, settings) {
    const client = new _MemoryConnection("client", serverAddress, path, settings);
    const server = new _MemoryConnection("server", clientAddress, path, settings);
    client.#peer = server;
    server.#peer = client;
    return { client, server };
  }
  openStream() {
    if (this.#closing) throw connectionClosed("no stream can be opened any more");
    if (this.#opened >= this.#settings.maxStreams) throw tooManyStreams(this.#opened);
    this.#opened++;
    const stream = this.#add(this.#nextId);
    this.#nextId += 4;
    return stream;
  }
  close(code = 0, reason = "") {
    if (this.#closing) return;
    this.#closing = true;
    this.post(() => {
      if (this.#ended) return;
      for (const stream of this.streams.values()) stream.flush();
      this.send("connection", (peer) => peer.#finish(closedBy("peer", code, reason)));
      this.#finish(closedBy("local", code, reason));
    });
  }
  lose(error) {
    if (!this.#ended) this.#finish(lost(error));
  }
  vanish() {
    this.#closing = true;
    this.#ended = true;
    this.#vanished = true;
  }
  post(task) {
    this.#settings.post(() => {
      if (!this.#vanished) task();
    });
  }
  /** What the peer does when this has travelled. */
  send(lane, message) {
    const peer = this.#peer;
    if (this.#ended || peer === void 0) return;
    this.#path.carry(peer.#side, lane, () => {
      if (!peer.#ended) message(peer);
    });
  }
  /** The stream that bytes of the peer belong to; a new one is announced, one already over is `undefined`. */
  accept(id2) {
    const known2 = this.streams.get(id2);
    if (known2 !== void 0 || !this.#isNew(id2)) return known2;
    const stream = this.#add(id2);
    const accepted = guarded(this.#settings.logger, "take a stream", () => this.onStream?.(stream));
    if (!accepted || this.onStream === void 0) stream.reset();
    return stream;
  }
  abandoned(id2, code) {
    if (this.#isNew(id2)) this.send(id2, (peer) => peer.#opened--);
    else this.streams.get(id2)?.fail(streamReset(id2, code));
  }
  forget(id2) {
    if (this.streams.delete(id2) && this.#isPeers(id2)) this.send(id2, (peer) => peer.#opened--);
  }
  #add(id2) {
    const stream = new MemoryStream(this, id2, this.#settings.streamWindowBytes, this.#settings.logger);
    this.streams.set(id2, stream);
    return stream;
  }
  #isPeers(id2) {
    return id2 % 4 !== this.#nextId % 4;
  }
  /** Whether it is a stream of the peer that was not heard of before. */
  #isNew(id2) {
    if (!this.#isPeers(id2)) return false;
    if (id2 < this.#nextPeerId) return this.#overtaken.delete(id2);
    for (; this.#nextPeerId < id2; this.#nextPeerId += 4) this.#overtaken.add(this.#nextPeerId);
    this.#nextPeerId = id2 + 4;
    return true;
  }
  #finish(end2) {
    this.#closing = true;
    this.#ended = true;
    for (const stream of [...this.streams.values()]) stream.fail(streamErrorOf(end2));
    this.#resolveClosed(end2);
  }
};

// packages/sdk/src/transport/memory/memory-transport.ts
var FIRST_FREE_PORT = 49152;
var nextTurn = setImmediate;
var MemoryNetwork = class {
  #listeners = /* @__PURE__ */ new Map();
  #settings;
  #schedule;
  #direct = { carry: (_to, _lane, arrive) => this.#post(arrive) };
  #tasks = [];
  #clients = 0;
  constructor({
    schedule,
    maxStreams = 256,
    streamWindowBytes = 65536,
    logger = silentLogger
  }) {
    this.#schedule = schedule ?? ((turn) => void nextTurn(turn));
    this.#settings = { maxStreams, streamWindowBytes, logger, post: (task) => this.#post(task) };
  }
  /** @param path What the connection's messages travel by. */
  async connect(address, { signal } = {}, path = this.#direct) {
    return await new Promise((resolve2, reject) => {
      const abort = () => reject(aborted("connect", signal?.reason));
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.#post(() => {
        signal?.removeEventListener("abort", abort);
        if (signal?.aborted) return;
        const listener = this.#listeners.get(address.port);
        if (listener === void 0) {
          return reject(
            new RedRoomError(
              "UNREACHABLE",
              `unable to connect to ${address.host}:${address.port}; nobody listens there`,
              {
                retryable: true
              }
            )
          );
        }
        const clientAddress = path.clientAddress ?? `127.0.0.1:${FIRST_FREE_PORT + this.#clients++}`;
        const serverAddress = `${address.host}:${address.port}`;
        const { client, server } = MemoryConnection.pair(clientAddress, serverAddress, path, this.#settings);
        path.opened?.({ client, server });
        listener.accept(server);
        resolve2(client);
      });
    });
  }
  async listen({ host = "127.0.0.1", port = 0 }, onConnection) {
    if (this.#listeners.has(port)) {
      throw new RedRoomError("PORT_TAKEN", `unable to listen on ${host}:${port}; the port is taken`);
    }
    const free = port === 0 ? this.#freePort() : port;
    const listener = new MemoryListener(
      { host, port: free },
      onConnection,
      this.#settings.logger,
      () => this.#listeners.delete(free)
    );
    this.#listeners.set(free, listener);
    return listener;
  }
  #freePort() {
    let port = FIRST_FREE_PORT;
    while (this.#listeners.has(port)) port++;
    return port;
  }
  /** Tasks posted during a turn run in the next one. */
  #post(task) {
    if (this.#tasks.push(task) === 1) this.#schedule(() => this.#turn());
  }
  #turn() {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }
};
var MemoryListener = class {
  address;
  #connections = /* @__PURE__ */ new Set();
  #onConnection;
  #logger;
  #release;
  constructor(address, onConnection, logger, release) {
    this.address = address;
    this.#onConnection = onConnection;
    this.#logger = logger;
    this.#release = release;
  }
  accept(connection) {
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    if (!guarded(this.#logger, "take a connection", () => this.#onConnection(connection))) connection.close();
  }
  /** The process is no more: its port is free, and nobody is told. */
  vanish() {
    this.#release();
    for (const connection of this.#connections) connection.vanish();
  }
  async close(code = 0, reason = "") {
    this.#release();
    const open = [...this.#connections];
    for (const connection of open) connection.close(code, reason);
    await Promise.all(open.map((connection) => connection.closed));
  }
};

// packages/sdk/src/testing/network/simulated-lane.ts
var SimulatedLane = class {
  #conditions;
  #waiting = [];
  #lastDue = 0;
  #timer;
  constructor(conditions) {
    this.#conditions = conditions;
  }
  get empty() {
    return this.#waiting.length === 0;
  }
  push(arrive) {
    const { clock } = this.#conditions;
    this.#lastDue = Math.max(this.#lastDue, clock.now() + this.#conditions.drawDelayMs());
    this.#waiting.push({ due: this.#lastDue, arrive });
    this.#arm();
  }
  /** What was held back travels on; it has been sent again, so that it takes its time. */
  release() {
    if (this.#waiting.length === 0) return;
    const earliest = this.#conditions.clock.now() + this.#conditions.drawDelayMs();
    this.#waiting = this.#waiting.map(({ due, arrive }) => ({ due: Math.max(due, earliest), arrive }));
    this.#lastDue = Math.max(this.#lastDue, earliest);
    this.#timer?.cancel();
    this.#timer = void 0;
    this.#arm();
  }
  /** Nothing of it arrives any more. */
  drop() {
    this.#timer?.cancel();
    this.#timer = void 0;
    this.#waiting = [];
  }
  #arm() {
    const [next] = this.#waiting;
    if (next === void 0 || this.#timer !== void 0 || this.#conditions.held()) return;
    const { clock } = this.#conditions;
    this.#timer = clock.setTimer(() => this.#deliver(), next.due - clock.now());
  }
  #deliver() {
    this.#timer = void 0;
    const now = this.#conditions.clock.now();
    for (let [next] = this.#waiting; next !== void 0 && next.due <= now; [next] = this.#waiting) {
      if (this.#conditions.held()) return;
      this.#waiting.shift();
      next.arrive();
    }
    this.#arm();
  }
};

// packages/sdk/src/testing/network/simulated-path.ts
var LATER_MS = 3e3;
var SimulatedPath = class {
  clientAddress;
  #world;
  #lanes = { client: /* @__PURE__ */ new Map(), server: /* @__PURE__ */ new Map() };
  #ends;
  /** The client has its connection: before, nothing can be handed to it. */
  #handedOver = false;
  #severed = false;
  constructor(clientAddress, world) {
    this.clientAddress = clientAddress;
    this.#world = world;
  }
  opened(ends) {
    this.#ends = ends;
    if (this.#severed) this.vanish("server");
  }
  carry(to, lane, arrive) {
    if (lane === "connection") this.#carryEnd(to, arrive);
    else this.#push(to, lane, arrive);
  }
  /** The dial's way there, and back. */
  async dial(to) {
    await new Promise((resolve2) => this.#push(to, "dial", resolve2));
  }
  handOver() {
    this.#world.clock.setTimer(() => {
      this.#handedOver = true;
      this.release("client");
    }, 0);
  }
  /** What was held back on its way to this side travels on. */
  release(to) {
    for (const lane of this.#lanes[to].values()) lane.release();
  }
  /** Nothing gets through any more, in neither direction. */
  sever() {
    if (this.#severed) return;
    this.#severed = true;
    for (const side of ["client", "server"]) for (const lane of this.#lanes[side].values()) lane.drop();
    this.#world.over();
  }
  vanish(side) {
    this.sever();
    this.#ends?.[side].vanish();
  }
  /** The connection fails. */
  lose(side, notices) {
    this.sever();
    if (notices === "never") return;
    const { clock, random } = this.#world;
    const afterMs = notices === "now" ? 0 : random.between(1, LATER_MS);
    clock.setTimer(() => this.#ends?.[side].lose(connectionLost(`the network failed ${afterMs} ms ago`)), afterMs);
  }
  /** The end comes behind everything sent before it, however late that is. */
  #carryEnd(to, arrive) {
    const hasty = this.#world.random.chance(this.#world.hastyEndRate);
    const end2 = () => {
      const behind = [...this.#lanes[to]].some(([other, { empty }]) => other !== "connection" && !empty);
      if (behind && !hasty) {
        this.#push(to, "connection", end2);
      } else {
        arrive();
        this.sever();
      }
    };
    this.#push(to, "connection", end2);
  }
  #push(to, name, arrive) {
    if (this.#severed) return;
    const lanes = this.#lanes[to];
    const lane = lanes.get(name) ?? this.#open(to, name);
    lanes.set(name, lane);
    lane.push(() => {
      arrive();
      if (lane.empty) lanes.delete(name);
    });
  }
  #open(to, name) {
    const { clock, random, delayMs } = this.#world;
    return new SimulatedLane({
      clock,
      drawDelayMs: () => random.between(...delayMs),
      held: () => this.#world.cut(to) || to === "client" && name !== "dial" && !this.#handedOver
    });
  }
};

// packages/sdk/src/testing/network/simulated-network.ts
var DIAL_TIMEOUT_MS = 1e4;
var SimulatedNetwork = class {
  #options;
  #memory;
  /** Who listens at a port. */
  #listening = /* @__PURE__ */ new Map();
  #hosts = 0;
  constructor(options) {
    const { clock, maxStreams } = options;
    this.#options = options;
    this.#memory = new MemoryNetwork({
      schedule: (turn) => void clock.setTimer(turn, 0),
      ...maxStreams !== void 0 && { maxStreams }
    });
  }
  /** A new machine, with an address of its own and one process on it. */
  host(name) {
    const { clock, random, delayMs = [1, 40], hastyEndRate = 0 } = this.#options;
    this.#hosts += 1;
    return new SimulatedHost(name, `10.0.${this.#hosts >>> 8}.${this.#hosts & 255}`, {
      memory: this.#memory,
      listening: this.#listening,
      clock,
      random,
      delayMs,
      hastyEndRate
    });
  }
};
var SimulatedHost = class {
  name;
  #ip;
  #world;
  #state = { paths: /* @__PURE__ */ new Map(), cut: { in: false, out: false }, refusesDials: false };
  #listeners = /* @__PURE__ */ new Set();
  #dials = 0;
  #dead = false;
  /** @internal */
  constructor(name, ip, world) {
    this.name = name;
    this.#ip = ip;
    this.#world = world;
  }
  /** Whether dials that reach this host are refused with `TOO_MANY_CONNECTIONS`; `false` by default. */
  get refusesDials() {
    return this.#state.refusesDials;
  }
  set refusesDials(refuses) {
    this.#state.refusesDials = refuses;
  }
  async listen(options, onConnection) {
    const { memory, listening } = this.#world;
    const listener = await memory.listen(options, onConnection);
    const { port } = listener.address;
    this.#listeners.add(listener);
    listening.set(port, this.#state);
    return {
      address: listener.address,
      close: (code, reason) => {
        this.#listeners.delete(listener);
        if (listening.get(port) === this.#state) listening.delete(port);
        return listener.close(code, reason);
      }
    };
  }
  /** A port where nobody listens looks like a network that swallows everything: only the deadline ends the attempt. */
  async connect(address, { signal, timeoutMs = DIAL_TIMEOUT_MS } = {}) {
    const path = this.#newPath(address);
    return await new Promise((resolve2, reject) => {
      const giveUp = (error) => {
        signal?.removeEventListener("abort", onAbort);
        path.vanish("client");
        reject(error);
      };
      const onAbort = () => {
        deadline.cancel();
        giveUp(aborted("connect", signal?.reason));
      };
      const deadline = this.#world.clock.setTimer(() => giveUp(timedOut(address, timeoutMs)), timeoutMs);
      if (signal?.aborted || this.#dead) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      const settle = () => {
        deadline.cancel();
        signal?.removeEventListener("abort", onAbort);
      };
      void this.#dial(address, path).then(
        (connection) => {
          settle();
          resolve2(connection);
          path.handOver();
        },
        (error) => {
          settle();
          path.vanish("client");
          reject(error);
        }
      );
    });
  }
  /** The process is killed: it does nothing more and nobody is told. Its peers hear nothing until they ask. */
  crash() {
    this.#dead = true;
    for (const listener of this.#listeners) listener.vanish();
    for (const [port, host] of this.#world.listening) if (host === this.#state) this.#world.listening.delete(port);
    for (const [path, side] of [...this.#state.paths]) path.vanish(side);
  }
  /** Holds back everything that comes or goes, or one of both. Nobody is told; `heal` lets it travel on. */
  partition(way) {
    if (way !== "out") this.#state.cut.in = true;
    if (way !== "in") this.#state.cut.out = true;
  }
  heal() {
    this.#state.cut.in = false;
    this.#state.cut.out = false;
    for (const path of this.#state.paths.keys()) {
      path.release("client");
      path.release("server");
    }
  }
  /** All connections of this host fail; each side notices it in its own way. */
  loseConnections(notices) {
    for (const [path, side] of [...this.#state.paths]) {
      path.lose(side, notices.here);
      path.lose(side === "client" ? "server" : "client", notices.there);
    }
  }
  #newPath(address) {
    const { listening, clock, random, delayMs, hastyEndRate } = this.#world;
    let server = listening.get(address.port);
    this.#dials += 1;
    const path = new SimulatedPath(`${this.#ip}:${4e4 + this.#dials}`, {
      clock,
      random,
      delayMs,
      hastyEndRate,
      cut: (to) => {
        server ??= listening.get(address.port);
        const [from2, at] = to === "server" ? [this.#state, server] : [server, this.#state];
        return from2?.cut.out === true || at?.cut.in === true;
      },
      over: () => {
        this.#state.paths.delete(path);
        server?.paths.delete(path);
      }
    });
    this.#state.paths.set(path, "client");
    server?.paths.set(path, "server");
    return path;
  }
  async #dial(address, path) {
    await path.dial("server");
    const server = this.#world.listening.get(address.port);
    if (server === void 0) return await new Promise(() => {
    });
    if (server.refusesDials) throw refused(address);
    server.paths.set(path, "server");
    const connection = await this.#world.memory.connect(address, {}, path);
    await path.dial("client");
    return connection;
  }
};
var timedOut = ({ host, port }, timeoutMs) => new RedRoomError("TIMEOUT", `unable to connect to ${host}:${port}; no answer within ${timeoutMs} ms`, {
  retryable: true
});
var refused = ({ host, port }) => new RedRoomError("TOO_MANY_CONNECTIONS", `unable to connect to ${host}:${port}; it takes no further connection now`, {
  retryable: true
});

// packages/sdk/src/base/clock.ts
var systemClock = {
  now: () => Date.now(),
  setTimer(callback, delayMs) {
    const handle = setTimeout(callback, delayMs);
    handle.unref?.();
    return { cancel: () => clearTimeout(handle) };
  }
};

// packages/sdk/src/protocol/address.ts
var DEFAULT_PORT = 4433;
function formatAddress({ host, port, pin }) {
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return `redroom://${shownHost}:${port}/${pin === void 0 ? "" : `#sha256-${toBase64Url(pin)}`}`;
}
function parseAddress(text) {
  const refuse2 = (reason) => {
    throw new RedRoomError("ADDRESS_INVALID", `unable to read the address "${text.slice(0, 200)}"; ${reason}`, {
      remedy: "copy the whole line that the server printed: redroom://HOST:PORT/#sha256-\u2026"
    });
  };
  const match = /^redroom:\/\/(\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\]|[^\s/:#?@[\]]+)(?::([0-9]{1,5}))?\/?(?:#(.*))?$/.exec(
    text
  );
  if (match === null) return refuse2("it is not of the form redroom://HOST:PORT/#sha256-\u2026");
  const [, shownHost = "", shownPort, fragment] = match;
  const host = shownHost.startsWith("[") ? shownHost.slice(1, -1) : shownHost;
  const port = shownPort === void 0 ? DEFAULT_PORT : Number(shownPort);
  if (port < 1 || port > 65535) return refuse2(`${port} is not a port (1 to 65535)`);
  if (fragment === void 0 || fragment === "") return { host, port };
  if (!fragment.startsWith("sha256-")) return refuse2("behind the # there must be sha256- and the pin");
  const pin = fromBase64Url(fragment.slice("sha256-".length));
  if (pin?.byteLength !== 32) return refuse2("the pin is not the 43 characters of a SHA-256 in base64url");
  return { host, port, pin };
}

// packages/sdk/src/testing/seeded-random.ts
var SeededRandom = class _SeededRandom {
  #a;
  #b;
  #c;
  #counter = 1;
  constructor(seed) {
    this.#a = 2654435769;
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 2 ** 32) | 0;
    for (let round = 0; round < 12; round += 1) this.next();
  }
  /** From 0 up to, but not, 1. (sfc32 by Chris Doty-Humphrey, as in PractRand.) */
  next() {
    const sum = (this.#a + this.#b | 0) + this.#counter | 0;
    this.#counter = this.#counter + 1 | 0;
    this.#a = this.#b ^ this.#b >>> 9;
    this.#b = this.#c + (this.#c << 3) | 0;
    this.#c = (this.#c << 21 | this.#c >>> 11) + sum | 0;
    return (sum >>> 0) / 2 ** 32;
  }
  /** A whole number from `low` to `high`, both included. */
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }
  /** `true` in so many cases of one. */
  chance(rate) {
    return this.next() < rate;
  }
  pick(from2) {
    return from2[this.between(0, from2.length - 1)];
  }
  /** Numbers of their own, which later draws here do not change. */
  fork() {
    return new _SeededRandom(Math.floor(this.next() * 2 ** 32) + 2 ** 32 * this.between(0, 2 ** 20));
  }
};

// packages/sdk/src/base/id.ts
function randomId() {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
}
var ID_PATTERN = /^[A-Za-z0-9_-]{21}[AQgw]$/;

// packages/sdk/src/evidence/leaf.ts
import { createHash } from "node:crypto";

// packages/sdk/src/base/message-kind.ts
var MESSAGE_KINDS = ["question", "answer", "note"];
var ENTRY_KINDS = [...MESSAGE_KINDS, "delivery", "erasure", "export"];

// packages/sdk/src/evidence/leaf.ts
function encodeLeaf({ topic: topic2, seq: seq2, id: id2, kind, by, at, to, re, commitment }) {
  return JSON.stringify({ v: 1, topic: topic2, seq: seq2, id: id2, kind, by, at, to, re, commitment });
}
function parseLeaf(leaf) {
  try {
    const { v, ...fields } = JSON.parse(leaf);
    const { topic: topic2, seq: seq2, id: id2, kind, by, at, to = [], re, commitment } = fields;
    const strings = Array.isArray(to) && [topic2, id2, by, commitment, ...to].every(isText);
    const numbers = [seq2, at, re === void 0 ? 1 : re].every((value) => Number.isSafeInteger(value) && value > 0);
    const known2 = v === 1 && ENTRY_KINDS.includes(kind);
    const sane = kind !== "delivery" || isDelivery(fields);
    return strings && numbers && known2 && sane && encodeLeaf(fields) === leaf ? fields : void 0;
  } catch {
    return void 0;
  }
}
var MAX_RECEIVERS = 256;
function isDelivery({ seq: seq2, to = [], re = seq2 }) {
  const receivers = new Set(to).size;
  return receivers === to.length && receivers >= 1 && receivers <= MAX_RECEIVERS && re < seq2;
}
var isText = (value) => typeof value === "string" && value.isWellFormed();
function encodeContent(text) {
  return JSON.stringify({ text });
}
function parseContent(content) {
  try {
    const { text } = JSON.parse(content);
    return isText(text) && encodeContent(text) === content ? text : void 0;
  } catch {
    return void 0;
  }
}
function commit(salt, content) {
  return toBase64Url(
    createHash("sha256").update(concatBytes([salt, utf8(content)])).digest()
  );
}
var SALT_BYTES = 32;

// packages/sdk/src/evidence/log-key.ts
import { createPrivateKey, createPublicKey as createPublicKey2, generateKeyPairSync, verify as verify2 } from "node:crypto";

// packages/sdk/src/evidence/note.ts
import { createHash as createHash2, createPublicKey, sign, verify } from "node:crypto";
var ED25519 = Uint8Array.of(1);
var SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
var SIGNATURE_BYTES = 64;
var MAX_SIGNATURES = 64;
function publicKeyBytes(key2) {
  const publicKey = key2.type === "private" ? createPublicKey(key2) : key2;
  return publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.byteLength);
}
var publicKeys = /* @__PURE__ */ new WeakMap();
function toPublicKey(bytes) {
  const known2 = publicKeys.get(bytes);
  if (known2 !== void 0) return known2;
  const key2 = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: "der", type: "spki" });
  publicKeys.set(bytes, key2);
  return key2;
}
function keyId({ name, publicKey }) {
  return createHash2("sha256").update(`${name}
`).update(ED25519).update(publicKey).digest().subarray(0, 4);
}
function signNote(text, { name, privateKey, publicKey }) {
  const id2 = keyId({ name, publicKey });
  const signature = sign(null, Buffer.from(text), privateKey);
  return `${text}
\u2014 ${name} ${Buffer.concat([id2, signature]).toString("base64")}
`;
}
function openNote(note2, verifier) {
  const signed = readNote(note2, verifier);
  if (signed === void 0) return void 0;
  const key2 = toPublicKey(verifier.publicKey);
  const right = signed.signatures.every((signature) => verify(null, Buffer.from(signed.text), key2, signature));
  return right ? signed.text : void 0;
}
function readNote(note2, verifier) {
  const split = note2.lastIndexOf("\n\n");
  if (split < 0 || !note2.endsWith("\n") || !note2.isWellFormed() || hasControls(note2)) return void 0;
  const text = note2.slice(0, split + 1);
  const lines = note2.slice(split + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) return void 0;
  const id2 = keyId(verifier);
  const signatures = [];
  for (const line2 of lines) {
    const [, name, encoded = ""] = /^— ([^+\s]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line2) ?? [];
    const bytes = Buffer.from(encoded, "base64");
    if (name === void 0 || bytes.byteLength <= 4 || bytes.toString("base64") !== encoded) return void 0;
    if (name !== verifier.name || !bytes.subarray(0, 4).equals(id2)) continue;
    const signature = bytes.subarray(4);
    if (signature.byteLength !== SIGNATURE_BYTES) return void 0;
    signatures.push(signature);
  }
  return signatures.length === 0 ? void 0 : { text, signatures };
}
function hasControls(note2) {
  for (let index = 0; index < note2.length; index += 1) {
    const unit = note2.charCodeAt(index);
    if (unit < 32 && unit !== 10) return true;
  }
  return false;
}

// packages/sdk/src/evidence/log-key.ts
function makeLogKey() {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { privateKey, publicKey: publicKeyBytes(privateKey) };
}
function logKeyStatement(publicKey) {
  return utf8(`redroom log key v1
${Buffer.from(publicKey).toString("base64")}
`);
}
function verifyLogKey(publicKey, certificate, serverKey) {
  try {
    const key2 = createPublicKey2({ key: Buffer.from(serverKey), format: "der", type: "spki" });
    const digest2 = key2.asymmetricKeyType === "ed25519" ? null : "sha256";
    return verify2(digest2, logKeyStatement(publicKey), key2, certificate);
  } catch {
    return false;
  }
}

// packages/sdk/src/evidence/merkle.ts
import { createHash as createHash3 } from "node:crypto";
var HASH_BYTES = 32;
var EMPTY_ROOT = createHash3("sha256").digest();
function hashLeaf(leaf) {
  return createHash3("sha256").update(LEAF_PREFIX).update(leaf).digest();
}
function hashChildren(left, right) {
  return createHash3("sha256").update(NODE_PREFIX).update(left).update(right).digest();
}
var LEAF_PREFIX = Uint8Array.of(0);
var NODE_PREFIX = Uint8Array.of(1);
var EMPTY_FRONTIER = { size: 0, peaks: [] };
function appendLeaf({ size, peaks }, leafHash) {
  const kept = [...peaks];
  const completed = [];
  let node = leafHash;
  for (let rest2 = size; rest2 % 2 === 1; rest2 = Math.floor(rest2 / 2)) {
    const left = kept.pop();
    if (left === void 0) throw new RangeError(`a frontier of ${size} leaves with ${peaks.length} peaks`);
    node = hashChildren(left, node);
    completed.push(node);
  }
  return { frontier: { size: size + 1, peaks: [...kept, node] }, completed };
}
function rootOf({ peaks }) {
  const [last, ...larger] = [...peaks].reverse();
  if (last === void 0) return EMPTY_ROOT;
  return larger.reduce((right, left) => hashChildren(left, right), last);
}
function isFrontier({ size, peaks }) {
  let bits = 0;
  for (let rest2 = size; rest2 > 0; rest2 = Math.floor(rest2 / 2)) bits += rest2 % 2;
  return Number.isSafeInteger(size) && size >= 0 && peaks.length === bits && peaks.every(isHash);
}
function isHash(bytes) {
  return bytes.byteLength === HASH_BYTES;
}
function equalHashes(one, other) {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index]);
}

// packages/sdk/src/evidence/ranges.ts
function addRange(ranges, { first, last }) {
  const before = ranges.filter((range) => range.last < first - 1);
  const behind = ranges.filter((range) => range.first > last + 1);
  const joined = ranges.slice(before.length, ranges.length - behind.length);
  const merged = {
    first: Math.min(first, ...joined.map((range) => range.first)),
    last: Math.max(last, ...joined.map((range) => range.last))
  };
  return [...before, merged, ...behind];
}

// packages/sdk/src/evidence/delivery.ts
var deliveryText = (first) => String(first);
function deliveryOf({ to, re }, text) {
  const first = Number(text);
  if (to === void 0 || re === void 0 || deliveryText(first) !== text) return void 0;
  return Number.isSafeInteger(first) && first >= 1 && first <= re ? { to, first, last: re } : void 0;
}

// packages/sdk/src/store/store-errors.ts
var topicExists = (title) => new RedRoomError("TOPIC_EXISTS", `unable to create the topic; there is one with the title "${title}"`);
var topicUnknown = (id2) => new RedRoomError("TOPIC_UNKNOWN", `unable to find the topic; there is none with the id ${id2}`);
var nameTaken = (name) => new RedRoomError("NAME_TAKEN", `unable to add the user; the name "${name}" is taken`);
var userUnknown = (id2) => new RedRoomError("USER_UNKNOWN", `unable to find the user; there is none with the id ${id2}`);
var notErasable = (seq2, reason) => new RedRoomError("REFERENCE_INVALID", `unable to erase entry ${seq2}; ${reason}`);
function whyNotErasable(entry) {
  if (entry.kind === void 0) return "there is no such entry";
  if (!MESSAGE_KINDS.includes(entry.kind)) {
    return `it is of the kind ${entry.kind}, which stays on record`;
  }
  return entry.content || entry.erasure ? void 0 : "its content is missing, and no erasure is on record";
}
var storeClosed = () => new RedRoomError("STORE_CLOSED", "unable to use the store; it is not open");
var DEFAULT_PAGE_BYTES = 1024 * 1024;
function withinBytes(rows, toEntry, maxBytes = DEFAULT_PAGE_BYTES) {
  const entries = [];
  let bytes = 0;
  for (const row of rows) {
    const entry = toEntry(row);
    bytes += Buffer.byteLength(entry.content ?? "");
    if (entries.length > 0 && bytes > maxBytes) break;
    entries.push(entry);
  }
  return entries;
}

// packages/sdk/src/store/batch.ts
var Batch = class {
  additions = [];
  /** Topics with their heads after the commit. */
  heads = /* @__PURE__ */ new Map();
  bytes = 0;
  #before;
  #keys = /* @__PURE__ */ new Map();
  #members = [];
  /** @param before The heads as they are known; a topic without one does not exist. */
  constructor(before) {
    this.#before = before;
  }
  /** A call that fails is answered here, and concerns no other. */
  add(call) {
    const { topicId, key: key2, erases } = call;
    const repeated = this.#keys.get(keyOf(topicId, key2));
    if (repeated !== void 0) {
      this.#members.push({ call, addition: void 0, result: { entries: [repeated], duplicate: true } });
      return;
    }
    try {
      const head = this.heads.get(topicId) ?? this.#before.get(topicId);
      if (head === void 0) throw topicUnknown(topicId);
      const entries = this.#number(topicId, key2, head, call.build(head));
      for (const { entry, leaf } of entries) {
        this.#keys.set(keyOf(topicId, { author: leaf.by, id: leaf.id }), entry);
        this.bytes += entry.leaf.length + entry.content.length;
      }
      const added = entries.map(({ entry }) => entry);
      this.heads.set(topicId, { seq: head.seq + added.length });
      this.#members.push({ call, addition: this.additions.length, result: { entries: added, duplicate: false } });
      const deliveries = entries.flatMap(({ delivery }) => delivery ?? []);
      this.additions.push({ topicId, key: key2, entries: added, deliveries, erases });
    } catch (thrown) {
      call.reject(thrown);
    }
  }
  /** Everything was written: answers all calls. */
  committed(checkpoints) {
    for (const { call, result } of this.#members) {
      call.resolve({ ...result, checkpoint: checkpoints.get(call.topicId) ?? "" });
    }
  }
  /**
   * Nothing was written: answers the calls whose entry is there already.
   *
   * @returns The others, in order.
   */
  refused(found) {
    const there = new Map(found.map((member) => [member.addition, member]));
    const others = [];
    for (const { call, addition } of this.#members) {
      const known2 = addition === void 0 ? void 0 : there.get(addition);
      const entry = known2?.entry;
      if (known2 === void 0 || entry === void 0) others.push(call);
      else if (hasKey(parseLeaf(entry.leaf), call.key)) {
        call.resolve({ entries: [entry], duplicate: true, checkpoint: known2.checkpoint });
      } else call.reject(wrong(`one of its entries repeats the id of entry ${entry.seq}`));
    }
    return others;
  }
  failed(error) {
    for (const { call } of this.#members) call.reject(error);
  }
  #number(topicId, key2, head, drafts) {
    if (drafts.length === 0) throw wrong("nothing was built");
    const own = /* @__PURE__ */ new Set();
    return drafts.map((draft, index) => {
      const seq2 = head.seq + 1 + index;
      const leaf = parseLeaf(draft.leaf);
      if (leaf === void 0) throw wrong(`entry ${seq2} has no leaf that can be read`);
      if (leaf.seq !== seq2) throw wrong(`entry ${seq2} was built as ${leaf.seq}`);
      if (leaf.topic !== topicId) throw wrong(`entry ${seq2} was built for another topic`);
      if (index === 0 && !hasKey(leaf, key2)) throw wrong(`entry ${seq2} was built without the key of its call`);
      if (draft.salt.byteLength !== SALT_BYTES) {
        throw wrong(`entry ${seq2} has a salt of ${draft.salt.byteLength} bytes, ${SALT_BYTES} are needed`);
      }
      const text = keyOf(topicId, { author: leaf.by, id: leaf.id });
      if (this.#keys.has(text) || own.has(text)) throw wrong(`entry ${seq2} repeats the id of another`);
      own.add(text);
      const delivery = leaf.kind === "delivery" ? readDelivery(leaf, draft) : void 0;
      return { leaf, delivery, entry: { seq: seq2, leaf: draft.leaf, content: draft.content, salt: draft.salt } };
    });
  }
};
function readDelivery(leaf, { content }) {
  const delivery = deliveryOf(leaf, parseContent(content) ?? "");
  if (delivery === void 0) throw wrong(`entry ${leaf.seq} is a delivery without a range`);
  return { seq: leaf.seq, ...delivery };
}
var keyOf = (topicId, { author, id: id2 }) => JSON.stringify([topicId, author, id2]);
var hasKey = (leaf, key2) => leaf?.by === key2.author && leaf.id === key2.id;
var wrong = (reason) => new RedRoomError("INTERNAL", `unable to append; ${reason}`);

// packages/sdk/src/store/append-queue.ts
var MAX_CALLS = 1e3;
var MAX_BYTES = 8 * 1024 * 1024;
var MAX_KNOWN_HEADS = 1e4;
var AppendQueue = class {
  #backend;
  #heads = /* @__PURE__ */ new Map();
  #calls = [];
  #running;
  constructor(backend) {
    this.#backend = backend;
  }
  /** @param erases The seq whose content is removed with the same commit. */
  append(topicId, key2, build, erases) {
    return new Promise((resolve2, reject) => {
      this.#calls.push({ topicId, key: key2, build, erases, resolve: resolve2, reject });
      this.#running ??= this.#run();
    });
  }
  /** Resolves when every call is answered. */
  async idle() {
    await this.#running;
  }
  async #run() {
    while (this.#calls.length > 0) {
      await new Promise(setImmediate);
      await this.#write(this.#calls.splice(0, MAX_CALLS));
    }
    this.#running = void 0;
  }
  async #write(calls) {
    const batch = new Batch(this.#heads);
    let taken = 0;
    try {
      await this.#learnHeads(calls);
      while (taken < calls.length && batch.bytes < MAX_BYTES) batch.add(calls[taken++]);
      this.#calls.unshift(...calls.slice(taken));
      if (batch.additions.length === 0) return;
      const result = await this.#backend.commit(batch.additions);
      if (result.type === "committed") {
        for (const [topicId, head] of batch.heads) this.#heads.set(topicId, head);
        batch.committed(result.checkpoints);
      } else {
        for (const [topicId, head] of result.heads) this.#heads.set(topicId, head);
        this.#calls.unshift(...batch.refused(result.found));
      }
    } catch (thrown) {
      this.#heads.clear();
      const error = unavailable(thrown);
      if (taken === 0) for (const call of calls) call.reject(error);
      else batch.failed(error);
    }
  }
  async #learnHeads(calls) {
    if (this.#heads.size > MAX_KNOWN_HEADS) this.#heads.clear();
    const unknown = [...new Set(calls.map(({ topicId }) => topicId))].filter((topicId) => !this.#heads.has(topicId));
    if (unknown.length === 0) return;
    const heads = await this.#backend.heads(unknown);
    for (const [index, topicId] of unknown.entries()) {
      const head = heads[index];
      if (head !== void 0) this.#heads.set(topicId, head);
    }
  }
};
function unavailable(thrown) {
  if (thrown instanceof RedRoomError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new RedRoomError("STORE_UNAVAILABLE", `unable to store the entries; ${reason}`, {
    cause: thrown,
    retryable: true
  });
}

// packages/sdk/src/evidence/checkpoint.ts
function originOf(topicId) {
  return `redroom/${topicId}`;
}
function signCheckpoint({ origin, size, root }, key2) {
  return signNote(`${origin}
${size}
${Buffer.from(root).toString("base64")}
`, { ...key2, name: origin });
}
function openCheckpoint(note2, log) {
  const text = openNote(note2, { name: log.origin, publicKey: log.publicKey });
  const checkpoint = text === void 0 ? void 0 : readCheckpoint(text);
  return checkpoint?.origin === log.origin ? checkpoint : void 0;
}
function readCheckpoint(note2) {
  const [, origin = "", shownSize, shownRoot = ""] = /^([^\n]+)\n(0|[1-9][0-9]*)\n([^\n]+)\n(?:$|\n)/.exec(note2) ?? [];
  const size = Number(shownSize);
  const root = new Uint8Array(Buffer.from(shownRoot, "base64"));
  const exact = Buffer.from(root).toString("base64") === shownRoot;
  if (origin === "" || !Number.isSafeInteger(size) || !isHash(root) || !exact) return void 0;
  return { origin, size, root };
}

// packages/sdk/src/evidence/proofs.ts
function splitOf(size) {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}
function rangeRoot(from2, to, node) {
  const size = to - from2;
  const level = Math.log2(size);
  if (Number.isInteger(level)) return node(level, from2 / size);
  const split = splitOf(size);
  return hashChildren(rangeRoot(from2, from2 + split, node), rangeRoot(from2 + split, to, node));
}
function readFrontier(size, node) {
  const peaks = [];
  let from2 = 0;
  for (let level = 52; level >= 0; level -= 1) {
    const width = 2 ** level;
    if (Math.floor(size / width) % 2 === 0) continue;
    peaks.push(node(level, from2 / width));
    from2 += width;
  }
  return { size, peaks };
}
function proveInclusion(index, size, node) {
  if (!(index >= 0 && index < size)) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const path = (from2, to) => {
    if (to - from2 === 1) return [];
    const split = from2 + splitOf(to - from2);
    return index < split ? [...path(from2, split), rangeRoot(split, to, node)] : [...path(split, to), rangeRoot(from2, split, node)];
  };
  return path(0, size);
}
function proveConsistency(first, second, node) {
  if (!(first >= 0 && first <= second))
    throw new RangeError(`a tree of ${first} is not the beginning of one of ${second}`);
  if (first === 0 || first === second) return [];
  const subproof = (size, from2, to, whole) => {
    if (size === to - from2) return whole ? [] : [rangeRoot(from2, to, node)];
    const split = splitOf(to - from2);
    return size <= split ? [...subproof(size, from2, from2 + split, whole), rangeRoot(from2 + split, to, node)] : [...subproof(size - split, from2 + split, to, false), rangeRoot(from2, from2 + split, node)];
  };
  return subproof(first, 0, second, true);
}
function verifyInclusion(claim, proof) {
  const { leafHash, index, size, root } = claim;
  if (!isCount(index) || !isCount(size) || index >= size || !proof.every(isHash)) return false;
  let node = index;
  let last = size - 1;
  let hash2 = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash2 = hashChildren(sibling, hash2);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash2 = hashChildren(hash2, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalHashes(hash2, root);
}
function verifyConsistency(first, second, proof) {
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size || !proof.every(isHash)) return false;
  if (first.size === second.size) return proof.length === 0 && equalHashes(first.root, second.root);
  if (first.size === 0) return proof.length === 0;
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : [...proof];
  const start = path.shift();
  if (start === void 0) return false;
  let [node, last] = [first.size - 1, second.size - 1];
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  let [firstHash, secondHash] = [start, start];
  for (const hash2 of path) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      firstHash = hashChildren(hash2, firstHash);
      secondHash = hashChildren(hash2, secondHash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      secondHash = hashChildren(secondHash, hash2);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalHashes(firstHash, first.root) && equalHashes(secondHash, second.root);
}
var isOdd = (value) => value % 2 === 1;
var half = (value) => Math.floor(value / 2);
var isCount = (value) => Number.isSafeInteger(value) && value >= 0;
var isPowerOfTwo = (value) => Number.isInteger(Math.log2(value));

// packages/sdk/src/store/signed-tree.ts
function grow(before, leaves) {
  let frontier = before;
  const nodes = leaves.map((leaf) => {
    const grown = appendLeaf(frontier, hashLeaf(leaf));
    frontier = grown.frontier;
    return concatBytes(grown.completed);
  });
  return { nodes, frontier };
}
function signHead(topicId, frontier, key2) {
  return signCheckpoint({ origin: originOf(topicId), size: frontier.size, root: rootOf(frontier) }, key2);
}
var StoredTree = class {
  #rows;
  #node;
  constructor(rows) {
    this.#rows = rows;
    this.#node = (level, index) => {
      if (level === 0) return hashLeaf(rows.leaf(index + 1));
      return rows.nodes((index + 1) * 2 ** level).subarray((level - 1) * HASH_BYTES, level * HASH_BYTES);
    };
  }
  frontier(size) {
    this.#check(0, size);
    return readFrontier(size, this.#node);
  }
  proveInclusion(seq2, size) {
    this.#check(seq2, size);
    return proveInclusion(seq2 - 1, size, this.#node);
  }
  proveConsistency(first, second) {
    this.#check(first, second);
    return proveConsistency(first, second, this.#node);
  }
  /** @throws {RedRoomError} `PROOF_UNAVAILABLE`. */
  #check(part, size) {
    const head = this.#rows.size;
    if (part <= size && size <= head) return;
    throw new RedRoomError(
      "PROOF_UNAVAILABLE",
      `unable to prove anything of ${part} in ${size} entries; there are ${head}`
    );
  }
};

// packages/sdk/src/store/user-store.ts
function loginKey(name) {
  return name.normalize("NFKC").toLowerCase();
}

// packages/sdk/src/store/memory-store.ts
function memoryStore(key2 = makeLogKey()) {
  return new MemoryStore(key2);
}
var MemoryStore = class {
  users = new MemoryUsers(() => this.#check());
  #topics = /* @__PURE__ */ new Map();
  #people = /* @__PURE__ */ new Map();
  #queue = new AppendQueue(this);
  #key;
  #open = false;
  constructor(key2) {
    this.#key = key2;
  }
  async open() {
    this.#open = true;
  }
  async close() {
    this.#open = false;
    await this.#queue.idle();
  }
  async probe() {
    this.#check();
  }
  async createTopic(topic2) {
    this.#check();
    const taken = [...this.#topics.values()].some(({ id: id2, title }) => id2 === topic2.id || title === topic2.title);
    if (taken) throw topicExists(topic2.title);
    const entries = [];
    const nodes = [];
    const tree = new StoredTree({
      get size() {
        return entries.length;
      },
      leaf: (seq2) => entries[seq2 - 1]?.leaf ?? "",
      nodes: (seq2) => nodes[seq2 - 1] ?? new Uint8Array()
    });
    this.#topics.set(topic2.id, {
      ...topic2,
      entries,
      nodes,
      tree,
      keys: /* @__PURE__ */ new Map(),
      pseudonyms: /* @__PURE__ */ new Map(),
      received: /* @__PURE__ */ new Map(),
      frontier: EMPTY_FRONTIER,
      checkpoint: void 0
    });
  }
  async findTopic(by) {
    this.#check();
    const found = "id" in by ? this.#topics.get(by.id) : [...this.#topics.values()].find(({ title }) => title === by.title);
    return found && summaryOf(found);
  }
  async listTopics({ after, limit }) {
    this.#check();
    const topics = [...this.#topics.values()];
    const start = after === void 0 ? 0 : topics.indexOf(this.#topic(after)) + 1;
    return topics.slice(start, start + limit).map(summaryOf);
  }
  async pseudonym(topicId, person) {
    const { pseudonyms } = this.#topic(topicId);
    this.#people.set(person.id, person.name);
    const pseudonym = pseudonyms.get(person.id) ?? randomId();
    pseudonyms.set(person.id, pseudonym);
    return pseudonym;
  }
  async people(topicId) {
    const { pseudonyms } = this.#topic(topicId);
    return new Map([...pseudonyms].map(([id2, pseudonym]) => [pseudonym, { id: id2, name: this.#people.get(id2) ?? "" }]));
  }
  async received(topicId) {
    return new Map(this.#topic(topicId).received);
  }
  async append(topicId, key2, build) {
    this.#check();
    return this.#queue.append(topicId, key2, build);
  }
  async logKey() {
    this.#check();
    return this.#key.publicKey;
  }
  async checkpoint(topicId) {
    return this.#topic(topicId).checkpoint;
  }
  async frontier(topicId, size) {
    return this.#topic(topicId).tree.frontier(size);
  }
  async proveInclusion(topicId, seq2, size) {
    return this.#topic(topicId).tree.proveInclusion(seq2, size);
  }
  async proveConsistency(topicId, first, second) {
    return this.#topic(topicId).tree.proveConsistency(first, second);
  }
  async erase(topicId, seq2, key2, build) {
    const { entries, checkpoint = "" } = this.#topic(topicId);
    const entry = entries[seq2 - 1];
    const content = entry?.content !== void 0;
    const erasure = content ? void 0 : entries.find(({ leaf }) => erasedBy(leaf) === seq2);
    const kind = entry && parseLeaf(entry.leaf)?.kind;
    const reason = whyNotErasable({ kind, content, erasure: erasure !== void 0 });
    if (reason !== void 0) throw notErasable(seq2, reason);
    if (erasure !== void 0) return { entries: [erasure], duplicate: true, checkpoint };
    return this.#queue.append(topicId, key2, build, seq2);
  }
  async read(topicId, { from: from2, limit, maxBytes }) {
    const page = this.#topic(topicId).entries.slice(from2 - 1, from2 - 1 + limit);
    return withinBytes(page, (entry) => entry, maxBytes);
  }
  /** @internal */
  async heads(topicIds) {
    return topicIds.map((id2) => {
      const topic2 = this.#topics.get(id2);
      return topic2 && { seq: topic2.entries.length };
    });
  }
  /** @internal */
  async commit(additions) {
    const found = [];
    for (const [addition, { topicId, entries }] of additions.entries()) {
      const topic2 = this.#topics.get(topicId);
      const seq2 = entries.map(({ leaf }) => topic2?.keys.get(keyOf2(leaf))).find((known2) => known2 !== void 0);
      const entry = seq2 === void 0 ? void 0 : topic2?.entries[seq2 - 1];
      if (entry !== void 0) found.push({ addition, entry, checkpoint: topic2?.checkpoint ?? "" });
    }
    if (found.length > 0) return { type: "conflict", heads: [], found };
    const checkpoints = /* @__PURE__ */ new Map();
    for (const { topicId, entries, deliveries, erases } of additions) {
      const topic2 = this.#topics.get(topicId);
      if (topic2 === void 0) throw topicUnknown(topicId);
      const leaves = entries.map(({ leaf }) => leaf);
      const growth = grow(topic2.frontier, leaves);
      const checkpoint = signHead(topicId, growth.frontier, this.#key);
      topic2.entries.push(...entries);
      topic2.nodes.push(...growth.nodes);
      topic2.frontier = growth.frontier;
      topic2.checkpoint = checkpoint;
      checkpoints.set(topicId, checkpoint);
      for (const entry of entries) topic2.keys.set(keyOf2(entry.leaf), entry.seq);
      for (const { to, ...range } of deliveries) {
        for (const one of to) topic2.received.set(one, addRange(topic2.received.get(one) ?? [], range));
      }
      const erased = erases === void 0 ? void 0 : topic2.entries[erases - 1];
      if (erased !== void 0) {
        topic2.entries[erased.seq - 1] = { ...erased, content: void 0, salt: void 0 };
      }
    }
    return { type: "committed", checkpoints };
  }
  #topic(id2) {
    this.#check();
    const topic2 = this.#topics.get(id2);
    if (topic2 === void 0) throw topicUnknown(id2);
    return topic2;
  }
  #check() {
    if (!this.#open) throw storeClosed();
  }
};
var MemoryUsers = class {
  #users = /* @__PURE__ */ new Map();
  #check;
  constructor(check3) {
    this.#check = check3;
  }
  async createUser(user) {
    this.#check();
    if (this.#find(user.name) !== void 0) throw nameTaken(user.name);
    this.#users.set(user.id, user);
  }
  async findUser(name) {
    this.#check();
    return this.#find(name);
  }
  async setPasswordHash(id2, passwordHash) {
    this.#check();
    const user = this.#users.get(id2);
    if (user === void 0) throw userUnknown(id2);
    this.#users.set(id2, { ...user, passwordHash });
  }
  async listUsers() {
    this.#check();
    return [...this.#users.values()];
  }
  #find(name) {
    return [...this.#users.values()].find((user) => loginKey(user.name) === loginKey(name));
  }
};
var summaryOf = ({ id: id2, title, createdAt, entries }) => ({
  id: id2,
  title,
  createdAt,
  head: { seq: entries.length }
});
function erasedBy(leaf) {
  const fields = parseLeaf(leaf);
  return fields?.kind === "erasure" ? fields.re : void 0;
}
function keyOf2(leaf) {
  const fields = parseLeaf(leaf);
  return JSON.stringify([fields?.by, fields?.id]);
}

// packages/sdk/src/testing/simulation/chaos.ts
var NOTICES = ["now", "later", "never"];
var WAYS = ["in", "out", void 0];
var Chaos = class {
  #world;
  #random;
  #cut = /* @__PURE__ */ new Set();
  #healed = false;
  constructor(world, random) {
    this.#world = world;
    this.#random = random;
  }
  async run() {
    await this.#pause(200, 2e3);
    while (!this.#healed) {
      this.#strike();
      await this.#pause(50, 2500);
    }
  }
  /** Everything works from now on. */
  heal() {
    const { recorder, server, disk } = this.#world;
    this.#healed = true;
    recorder.note({ type: "healed" });
    disk.mend();
    for (const host of this.#cut) host.heal();
    if (server.host !== void 0) server.host.refusesDials = false;
    server.start();
  }
  #strike() {
    const { server, participants } = this.#world;
    const { host } = this.#random.pick([server, ...participants]);
    const dice = this.#random.between(0, 99);
    if (dice < 25) this.#restart();
    else if (dice < 35) void this.#stop();
    else if (dice < 55) this.#breakDisk();
    else if (dice < 75 && host !== void 0) this.#partition(host);
    else if (dice < 92 && host !== void 0) this.#loseConnections(host);
    else if (dice < 96) this.#refuseDials();
    else this.#revoke();
  }
  #restart() {
    const { server } = this.#world;
    server.kill();
    this.#later(20, 2500, () => server.start());
  }
  async #stop() {
    const { server } = this.#world;
    await server.stop(this.#random.pick([0, 300, 2e3]));
    if (this.#healed) server.start();
    else this.#later(20, 1e3, () => server.start());
  }
  #breakDisk() {
    const { disk, recorder } = this.#world;
    recorder.note({ type: "fault", what: "the disk breaks" });
    disk.break();
    this.#later(20, 2500, () => {
      recorder.note({ type: "fault", what: "the disk works again" });
      disk.mend();
    });
  }
  #partition(host) {
    const { recorder } = this.#world;
    const way = this.#random.pick(WAYS);
    recorder.note({ type: "fault", what: `nothing ${wayName(way)} ${host.name} gets through` });
    this.#cut.add(host);
    host.partition(way);
    this.#later(20, 3e3, () => {
      recorder.note({ type: "fault", what: `the network of ${host.name} heals` });
      this.#cut.delete(host);
      host.heal();
    });
  }
  #loseConnections(host) {
    const [here, there] = [this.#random.pick(NOTICES), this.#random.pick(NOTICES)];
    const what = `${host.name} loses its connections, noticed ${here} there and ${there} by its peers`;
    this.#world.recorder.note({ type: "fault", what });
    host.loseConnections({ here, there });
  }
  #refuseDials() {
    const { server, recorder } = this.#world;
    const { host } = server;
    if (host === void 0) return;
    recorder.note({ type: "fault", what: `${host.name} refuses connections` });
    host.refusesDials = true;
    this.#later(20, 2e3, () => {
      host.refusesDials = false;
    });
  }
  #revoke() {
    const { server, participants, recorder } = this.#world;
    const { user } = this.#random.pick(participants);
    recorder.note({ type: "fault", what: `${user}'s sessions are revoked` });
    server.server?.revoke(user);
  }
  #later(shortestMs, longestMs, mend) {
    this.#world.clock.setTimer(
      () => {
        if (!this.#healed) mend();
      },
      this.#random.between(shortestMs, longestMs)
    );
  }
  #pause(shortestMs, longestMs) {
    const afterMs = this.#random.between(shortestMs, longestMs);
    return new Promise((resolve2) => void this.#world.clock.setTimer(resolve2, afterMs));
  }
};
var wayName = (way) => way === void 0 ? "from and to" : way === "in" ? "to" : "from";

// packages/sdk/src/testing/simulation/history.ts
var eventsOf = (history, type) => history.events.filter((event) => event.type === type);
function traceOf(events) {
  return events.flatMap((event) => {
    const line2 = describe2(event);
    return line2 === void 0 ? [] : [`${String(event.at).padStart(7)} ms  ${line2}`];
  });
}
function describe2(event) {
  switch (event.type) {
    case "sends":
      return `${event.client} sends "${event.text}" to ${event.topic}${event.again ? " again" : ""}`;
    case "acked":
      return `${event.client} hears that "${event.text}" is ${event.topic} ${event.seq}${event.duplicate ? " (duplicate)" : ""}`;
    case "failed":
      return `${event.client} hears that "${event.text}" failed: ${event.code}`;
    case "opens":
      return `${event.reader} opens from ${event.from === 0 ? "now" : event.from}`;
    case "opened":
      return `${event.reader} is open`;
    case "reads":
      return `${event.reader} reads ${event.seq} "${event.text}" of ${event.author}`;
    case "stops":
      return `${event.reader} stops${event.code === void 0 ? "" : `: ${event.code}`}`;
    case "state": {
      const why = event.code === void 0 ? "" : `: ${event.code}`;
      return `${event.client} is ${event.state}${why}${event.retryInMs === void 0 ? "" : `, again in ${event.retryInMs} ms`}`;
    }
    case "committed":
      return `${event.topic} ${event.first}${event.last > event.first ? `-${event.last}` : ""} is durable`;
    case "storeAnswered":
      return event.worked ? void 0 : `${event.server} hears that the store does not work`;
    case "serverSent":
    case "trusts":
      return void 0;
    case "fault":
      return `-- ${event.what}`;
    case "healed":
      return "-- everything heals";
    case "rested":
      return event.waitingFor.length === 0 ? "-- at rest" : `-- no rest: ${event.waitingFor.join("; ")}`;
  }
}

// packages/sdk/src/testing/simulation/invariants.ts
var DELIVERY_MS = 2e3;
var INVARIANTS = {
  "no acked message is lost": noneLost,
  "one effect per message id": oneEffect,
  "seq is 1 to n without gap, one value for all readers": oneOrder,
  "each view only grows": viewsGrow,
  "what is sent after an ack comes behind it": causal,
  "nobody reads what nobody sent": noneInvented,
  "an unknown outcome resolves to exactly one effect": resolved,
  "no acks and no deliveries while the store is down": failsClosed,
  "all checkpoints ever signed are consistent": oneLog,
  "everything reaches every online reader within 2 s of healing": delivered,
  "a receipt says only what was read": truthfulReceipts,
  "nothing is left behind": tidy
};
function judge(history) {
  return Object.entries(INVARIANTS).flatMap(
    ([invariant, broken]) => broken(history).map((what) => ({ invariant, what }))
  );
}
var isMessage = ({ kind }) => kind !== "delivery";
var userOf = (client) => client.replace(/ \d+$/, "");
var entryAt = (history, topic2, seq2) => history.record.get(topic2)?.[seq2 - 1];
function noneLost(history) {
  return eventsOf(history, "acked").flatMap(({ client, topic: topic2, seq: seq2, text, id: id2 }) => {
    const entry = entryAt(history, topic2, seq2);
    if (entry?.id === id2 && entry.text === text && entry.author === userOf(client)) return [];
    return [`"${text}" was acked as ${topic2} ${seq2}, where the record has ${entry ? `"${entry.text}"` : "nothing"}`];
  });
}
function oneEffect(history) {
  return [...history.record].flatMap(([topic2, entries]) => {
    const seen = /* @__PURE__ */ new Map();
    return entries.flatMap(({ seq: seq2, author, id: id2, text }) => {
      const first = seen.get(`${author} ${id2}`);
      seen.set(`${author} ${id2}`, first ?? seq2);
      return first === void 0 ? [] : [`"${text}" is ${topic2} ${first} and ${topic2} ${seq2}`];
    });
  });
}
function oneOrder(history) {
  const gaps = [...history.record].flatMap(
    ([topic2, entries]) => entries.flatMap(({ seq: seq2 }, index) => seq2 === index + 1 ? [] : [`${topic2} ${index + 1} has the seq ${seq2}`])
  );
  const different = views(history).flatMap(
    ({ opens, reads }) => reads.flatMap(({ seq: seq2, id: id2, text }) => {
      const entry = entryAt(history, opens.topic, seq2);
      return entry?.id === id2 ? [] : [`${opens.reader} reads "${text}" as ${seq2}, the record has "${entry?.text}"`];
    })
  );
  const missed = views(history).flatMap((view) => {
    const last = view.reads.at(-1)?.seq ?? 0;
    const seen = new Set(view.reads.map(({ seq: seq2 }) => seq2));
    return expected(history, view).filter(({ seq: seq2 }) => seq2 <= last && !seen.has(seq2)).map(({ seq: seq2 }) => `${view.opens.reader} has read ${last}, and never ${seq2}`);
  });
  return [...gaps, ...different, ...missed];
}
function viewsGrow(history) {
  return views(history).flatMap(({ opens, reads }) => {
    let last = opens.from - 1;
    return reads.flatMap(({ seq: seq2 }) => {
      const grown = seq2 > last;
      const before = last;
      last = seq2;
      return grown ? [] : [`${opens.reader} reads ${seq2} after ${before}`];
    });
  });
}
function causal(history) {
  const sent = /* @__PURE__ */ new Map();
  for (const [index, event] of history.events.entries()) {
    if (event.type === "sends" && !sent.has(event.id)) sent.set(event.id, index);
  }
  const broken = [];
  for (const [topic2, entries] of history.record) {
    const acks = history.events.flatMap(
      (event, index) => event.type === "acked" && event.topic === topic2 ? [{ ...event, index }] : []
    );
    for (const { id: id2, seq: seq2, text } of entries) {
      const sentAt = sent.get(id2);
      if (sentAt === void 0) continue;
      const late = acks.find((ack) => ack.index < sentAt && ack.seq >= seq2);
      if (late) broken.push(`${topic2} ${late.seq} was acked before "${text}" was sent, which is ${seq2}`);
    }
  }
  return broken;
}
function noneInvented(history) {
  const sends = new Map(eventsOf(history, "sends").map((sent) => [sent.id, sent]));
  const inventions = (where, { id: id2, author, text }) => {
    const sent = sends.get(id2);
    if (sent !== void 0 && sent.text === text && userOf(sent.client) === author) return [];
    return [`${where} is "${text}" of ${author}, which nobody has sent`];
  };
  const read = views(history).flatMap(
    ({ opens, reads }) => reads.flatMap((message) => inventions(`${opens.reader} ${message.seq}`, message))
  );
  const recorded = [...history.record].flatMap(
    ([topic2, entries]) => entries.filter(isMessage).flatMap((entry) => inventions(`${topic2} ${entry.seq}`, entry))
  );
  return [...read, ...recorded];
}
function resolved(history) {
  const answers = /* @__PURE__ */ new Map();
  const contradictions = eventsOf(history, "acked").flatMap((ack) => {
    const first = answers.get(ack.id);
    answers.set(ack.id, first ?? ack);
    if (first === void 0 || first.seq === ack.seq) return [];
    return [`"${ack.text}" was acked as ${first.seq}, then as ${ack.seq}`];
  });
  const refused2 = eventsOf(history, "failed").flatMap(
    ({ client, text, code }) => code === "CONNECTION_CLOSED" ? [] : [`"${text}" of ${client} failed with ${code}, and nothing was wrong with it`]
  );
  return [...contradictions, ...refused2];
}
function failsClosed(history) {
  const down = /* @__PURE__ */ new Map();
  return history.events.flatMap((event) => {
    if (event.type === "storeAnswered" && event.worked) down.delete(event.server);
    else if (event.type === "storeAnswered") down.set(event.server, down.get(event.server) ?? event);
    if (event.type !== "serverSent") return [];
    const since = down.get(event.server);
    if (since === void 0 || since.step === event.step) return [];
    return [`${event.server} sends an ${event.what} at ${event.at} ms, its store is down since ${since.at} ms`];
  });
}
function oneLog(history) {
  const roots = /* @__PURE__ */ new Map();
  for (const [topic2, entries] of history.record) {
    let frontier = EMPTY_FRONTIER;
    roots.set(
      topic2,
      entries.map(({ leaf }) => {
        frontier = appendLeaf(frontier, hashLeaf(leaf)).frontier;
        return rootOf(frontier);
      })
    );
  }
  const signed = [...eventsOf(history, "committed"), ...eventsOf(history, "trusts")];
  return signed.flatMap(({ topic: topic2, checkpoint }) => {
    const { size, root } = readCheckpoint(checkpoint) ?? { size: 0, root: void 0 };
    const recorded = roots.get(topic2)?.[size - 1];
    if (root !== void 0 && recorded !== void 0 && equalHashes(root, recorded)) return [];
    return [`a checkpoint of ${size} entries of ${topic2} does not fit the record`];
  });
}
function delivered(history) {
  const [rested] = eventsOf(history, "rested");
  const [healed] = eventsOf(history, "healed");
  if (rested === void 0 || healed === void 0) return ["the simulation came to a stop: everybody waits for ever"];
  const gaveUp2 = eventsOf(history, "state").flatMap(
    ({ client, state, code }) => state === "failed" ? [`${client} gave up: ${code}`] : []
  );
  const late = views(history).filter(({ stopped }) => stopped === void 0 || stopped.at > rested.at && stopped.enough !== true).flatMap((view) => {
    const ready = Math.max(healed.at, view.opened?.at ?? 0, onlineSince(history, view.opens.client));
    const readAt = new Map(view.reads.map(({ seq: seq2, at }) => [seq2, at]));
    return expected(history, view).flatMap(({ seq: seq2, at }) => {
      const due = Math.max(ready, at) + DELIVERY_MS;
      const read = readAt.get(seq2);
      if (read !== void 0 ? read <= due : due > rested.at + DELIVERY_MS) return [];
      return [
        `${view.opens.reader} ${read === void 0 ? "never reads" : `reads at ${read} ms`} ${seq2}, due at ${due} ms`
      ];
    });
  });
  return [...rested.waitingFor.map((what) => `no rest: ${what}`), ...gaveUp2, ...late];
}
function truthfulReceipts(history) {
  const broken = [];
  for (const [topic2, entries] of history.record) {
    for (const { kind, seq: seq2, re = 0, text, to } of entries) {
      if (kind !== "delivery") continue;
      const committed = commitOf(history, topic2, seq2);
      const range = entries.slice(Number(text) - 1, re).filter(isMessage);
      for (const name of to) {
        const read = /* @__PURE__ */ new Set();
        for (const { opens, reads } of views(history)) {
          if (opens.topic !== topic2 || userOf(opens.client) !== name) continue;
          for (const message of reads) if (message.at <= (committed?.at ?? 0)) read.add(message.seq);
        }
        const missing = range.find((message) => message.author !== name && !read.has(message.seq));
        if (missing)
          broken.push(`${topic2} ${seq2} says that ${name} has ${text} to ${re}, who has not read ${missing.seq}`);
      }
    }
  }
  return broken;
}
function tidy({ timersLeft }) {
  return timersLeft === 0 ? [] : [`${timersLeft} timers are pending though everything is closed`];
}
var known = /* @__PURE__ */ new WeakMap();
function views(history) {
  const found = known.get(history);
  if (found !== void 0) return found;
  const byReader = /* @__PURE__ */ new Map();
  for (const event of history.events) {
    if (event.type === "opens") {
      byReader.set(event.reader, { opens: event, opened: void 0, stopped: void 0, reads: [] });
    } else if (event.type === "reads") byReader.get(event.reader)?.reads.push(event);
    else if (event.type === "opened" || event.type === "stops") {
      const view = byReader.get(event.reader);
      if (view === void 0) continue;
      if (event.type === "opened") view.opened = event;
      else view.stopped = event;
    }
  }
  const all = [...byReader.values()];
  known.set(history, all);
  return all;
}
function expected(history, { opens, opened, reads }) {
  const first = reads[0]?.seq ?? Number.POSITIVE_INFINITY;
  return eventsOf(history, "committed").flatMap(
    ({ topic: topic2, messages, at, step }) => topic2 !== opens.topic ? [] : messages.filter((seq2) => {
      if (opens.from > 0) return seq2 >= opens.from;
      return seq2 >= first || opened !== void 0 && step > opened.step;
    }).map((seq2) => ({ seq: seq2, at }))
  );
}
var commitOf = (history, topic2, seq2) => eventsOf(history, "committed").find((commit2) => commit2.topic === topic2 && commit2.first <= seq2 && seq2 <= commit2.last);
var onlineSince = (history, client) => eventsOf(history, "state").findLast((event) => event.client === client && event.state === "online")?.at ?? 0;

// node_modules/eventemitter3/index.mjs
var import_index = __toESM(require_eventemitter3(), 1);

// node_modules/valibot/dist/index.mjs
var store$4;
var DEFAULT_CONFIG = {
  lang: void 0,
  message: void 0,
  abortEarly: void 0,
  abortPipeEarly: void 0
};
// @__NO_SIDE_EFFECTS__
function getGlobalConfig(config$1) {
  if (!config$1 && !store$4) return DEFAULT_CONFIG;
  return {
    lang: config$1?.lang ?? store$4?.lang,
    message: config$1?.message,
    abortEarly: config$1?.abortEarly ?? store$4?.abortEarly,
    abortPipeEarly: config$1?.abortPipeEarly ?? store$4?.abortPipeEarly
  };
}
var store$3;
// @__NO_SIDE_EFFECTS__
function getGlobalMessage(lang) {
  return store$3?.get(lang);
}
var store$2;
// @__NO_SIDE_EFFECTS__
function getSchemaMessage(lang) {
  return store$2?.get(lang);
}
var store$1;
// @__NO_SIDE_EFFECTS__
function getSpecificMessage(reference, lang) {
  return store$1?.get(reference)?.get(lang);
}
// @__NO_SIDE_EFFECTS__
function _stringify(input) {
  const type = typeof input;
  if (type === "string") return `"${input}"`;
  if (type === "number" || type === "bigint" || type === "boolean") return `${input}`;
  if (type === "object" || type === "function") return (input && Object.getPrototypeOf(input)?.constructor?.name) ?? "null";
  return type;
}
function _addIssue(context, label, dataset, config$1, other) {
  const input = other && "input" in other ? other.input : dataset.value;
  const expected2 = other?.expected ?? context.expects ?? null;
  const received = other?.received ?? /* @__PURE__ */ _stringify(input);
  const issue = {
    kind: context.kind,
    type: context.type,
    input,
    expected: expected2,
    received,
    message: `Invalid ${label}: ${expected2 ? `Expected ${expected2} but r` : "R"}eceived ${received}`,
    requirement: context.requirement,
    path: other?.path,
    issues: other?.issues,
    lang: config$1.lang,
    abortEarly: config$1.abortEarly,
    abortPipeEarly: config$1.abortPipeEarly
  };
  const isSchema = context.kind === "schema";
  const message$1 = other?.message ?? context.message ?? /* @__PURE__ */ getSpecificMessage(context.reference, issue.lang) ?? (isSchema ? /* @__PURE__ */ getSchemaMessage(issue.lang) : null) ?? config$1.message ?? /* @__PURE__ */ getGlobalMessage(issue.lang);
  if (message$1 !== void 0) issue.message = typeof message$1 === "function" ? message$1(issue) : message$1;
  if (isSchema) dataset.typed = false;
  if (dataset.issues) dataset.issues.push(issue);
  else dataset.issues = [issue];
}
// @__NO_SIDE_EFFECTS__
function _joinExpects(values$1, separator) {
  const list = [...new Set(values$1)];
  if (list.length > 1) return `(${list.join(` ${separator} `)})`;
  return list[0] ?? "never";
}
function _standardSchema(schema) {
  schema["~standard"] = {
    version: 1,
    vendor: "valibot",
    validate: (value$1) => schema["~run"]({ value: value$1 }, /* @__PURE__ */ getGlobalConfig())
  };
  return schema;
}
// @__NO_SIDE_EFFECTS__
function getDotPath(issue) {
  if (issue.path) {
    let key2 = "";
    for (const item of issue.path) if (typeof item.key === "string" || typeof item.key === "number") if (key2) key2 += `.${item.key}`;
    else key2 += item.key;
    else return null;
    return key2;
  }
  return null;
}
var EMOJI_REGEX = new RegExp("^(?:[\\u{1F1E6}-\\u{1F1FF}]{2}|\\u{1F3F4}[\\u{E0061}-\\u{E007A}]{2}[\\u{E0030}-\\u{E0039}\\u{E0061}-\\u{E007A}]{1,3}\\u{E007F}|(?:\\p{Emoji}\\uFE0F\\u20E3?|\\p{Emoji_Modifier_Base}\\p{Emoji_Modifier}?|(?![\\p{Emoji_Modifier_Base}\\u{1F1E6}-\\u{1F1FF}])\\p{Emoji_Presentation})(?:\\u200D(?:\\p{Emoji}\\uFE0F\\u20E3?|\\p{Emoji_Modifier_Base}\\p{Emoji_Modifier}?|(?![\\p{Emoji_Modifier_Base}\\u{1F1E6}-\\u{1F1FF}])\\p{Emoji_Presentation}))*)+$", "u");
// @__NO_SIDE_EFFECTS__
function check(requirement, message$1) {
  return {
    kind: "validation",
    type: "check",
    reference: check,
    async: false,
    expects: null,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "input", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function maxLength(requirement, message$1) {
  return {
    kind: "validation",
    type: "max_length",
    reference: maxLength,
    async: false,
    expects: `<=${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && dataset.value.length > this.requirement) _addIssue(this, "length", dataset, config$1, { received: `${dataset.value.length}` });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function minLength(requirement, message$1) {
  return {
    kind: "validation",
    type: "min_length",
    reference: minLength,
    async: false,
    expects: `>=${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && dataset.value.length < this.requirement) _addIssue(this, "length", dataset, config$1, { received: `${dataset.value.length}` });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function minValue(requirement, message$1) {
  return {
    kind: "validation",
    type: "min_value",
    reference: minValue,
    async: false,
    expects: `>=${requirement instanceof Date ? requirement.toJSON() : /* @__PURE__ */ _stringify(requirement)}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !(dataset.value >= this.requirement)) _addIssue(this, "value", dataset, config$1, { received: dataset.value instanceof Date ? dataset.value.toJSON() : /* @__PURE__ */ _stringify(dataset.value) });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function regex(requirement, message$1) {
  return {
    kind: "validation",
    type: "regex",
    reference: regex,
    async: false,
    expects: `${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement.test(dataset.value)) _addIssue(this, "format", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function safeInteger(message$1) {
  return {
    kind: "validation",
    type: "safe_integer",
    reference: safeInteger,
    async: false,
    expects: null,
    requirement: Number.isSafeInteger,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "safe integer", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function getFallback(schema, dataset, config$1) {
  return typeof schema.fallback === "function" ? schema.fallback(dataset, config$1) : schema.fallback;
}
// @__NO_SIDE_EFFECTS__
function getDefault(schema, dataset, config$1) {
  return typeof schema.default === "function" ? schema.default(dataset, config$1) : schema.default;
}
// @__NO_SIDE_EFFECTS__
function array(item, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "array",
    reference: array,
    expects: "Array",
    async: false,
    item,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (Array.isArray(input)) {
        dataset.typed = true;
        dataset.value = [];
        for (let key2 = 0; key2 < input.length; key2++) {
          const value$1 = input[key2];
          const itemDataset = this.item["~run"]({ value: value$1 }, config$1);
          if (itemDataset.issues) {
            const pathItem = {
              type: "array",
              origin: "value",
              input,
              key: key2,
              value: value$1
            };
            for (const issue of itemDataset.issues) {
              if (issue.path) issue.path.unshift(pathItem);
              else issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = itemDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          if (!itemDataset.typed) dataset.typed = false;
          dataset.value.push(itemDataset.value);
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function boolean(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "boolean",
    reference: boolean,
    expects: "boolean",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "boolean") dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function exactOptional(wrapped, default_) {
  return _standardSchema({
    kind: "schema",
    type: "exact_optional",
    reference: exactOptional,
    expects: wrapped.expects,
    async: false,
    wrapped,
    default: default_,
    "~run"(dataset, config$1) {
      return this.wrapped["~run"](dataset, config$1);
    }
  });
}
// @__NO_SIDE_EFFECTS__
function number(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "number",
    reference: number,
    expects: "number",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "number" && !isNaN(dataset.value)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function picklist(options, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "picklist",
    reference: picklist,
    expects: /* @__PURE__ */ _joinExpects(options.map(_stringify), "|"),
    async: false,
    options,
    message: message$1,
    "~run"(dataset, config$1) {
      if (this.options.includes(dataset.value)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function strictObject(entries$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "strict_object",
    reference: strictObject,
    expects: "Object",
    async: false,
    entries: entries$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const key2 in this.entries) {
          const valueSchema = this.entries[key2];
          if (key2 in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
            const value$1 = key2 in input ? input[key2] : /* @__PURE__ */ getDefault(valueSchema);
            const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
            if (valueDataset.issues) {
              const pathItem = {
                type: "object",
                origin: "value",
                input,
                key: key2,
                value: value$1
              };
              for (const issue of valueDataset.issues) {
                if (issue.path) issue.path.unshift(pathItem);
                else issue.path = [pathItem];
                dataset.issues?.push(issue);
              }
              if (!dataset.issues) dataset.issues = valueDataset.issues;
              if (config$1.abortEarly) {
                dataset.typed = false;
                break;
              }
            }
            if (!valueDataset.typed) dataset.typed = false;
            dataset.value[key2] = valueDataset.value;
          } else if (valueSchema.fallback !== void 0) dataset.value[key2] = /* @__PURE__ */ getFallback(valueSchema);
          else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
            _addIssue(this, "key", dataset, config$1, {
              input: void 0,
              expected: `"${key2}"`,
              path: [{
                type: "object",
                origin: "key",
                input,
                key: key2,
                value: input[key2]
              }]
            });
            if (config$1.abortEarly) break;
          }
        }
        if (!dataset.issues || !config$1.abortEarly) {
          for (const key2 in input) if (!Object.prototype.hasOwnProperty.call(this.entries, key2)) {
            _addIssue(this, "key", dataset, config$1, {
              input: key2,
              expected: "never",
              path: [{
                type: "object",
                origin: "key",
                input,
                key: key2,
                value: input[key2]
              }]
            });
            break;
          }
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function string(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "string",
    reference: string,
    expects: "string",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "string") dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function pipe(...pipe$1) {
  return _standardSchema({
    ...pipe$1[0],
    pipe: pipe$1,
    "~run"(dataset, config$1) {
      for (const item of pipe$1) if (item.kind !== "metadata") {
        if (dataset.issues && (item.kind === "schema" || item.kind === "transformation")) {
          dataset.typed = false;
          break;
        }
        if (!dataset.issues || !config$1.abortEarly && !config$1.abortPipeEarly) dataset = item["~run"](dataset, config$1);
      }
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function safeParse(schema, input, config$1) {
  const dataset = schema["~run"]({ value: input }, /* @__PURE__ */ getGlobalConfig(config$1));
  return {
    typed: dataset.typed,
    success: !dataset.issues,
    output: dataset.value,
    issues: dataset.issues
  };
}

// packages/sdk/src/protocol/padding.ts
var MIN_PADDED_BYTES = 256;
function paddedLength(length) {
  if (length <= MIN_PADDED_BYTES) return MIN_PADDED_BYTES;
  const exponent = 31 - Math.clz32(length);
  const kept = 32 - Math.clz32(exponent);
  const step = 2 ** (exponent - kept);
  return Math.ceil(length / step) * step;
}

// packages/sdk/src/protocol/varint.ts
var MAX_VARINT = 2 ** 30 - 1;
function varintSize(value) {
  if (value < 64) return 1;
  return value < 16384 ? 2 : 4;
}
function writeVarint(target, offset, value) {
  switch (varintSize(value)) {
    case 1:
      target[offset] = value;
      return offset + 1;
    case 2:
      target[offset] = 64 | value >> 8;
      target[offset + 1] = value & 255;
      return offset + 2;
    case 4:
      target[offset] = 128 | value >> 24;
      target[offset + 1] = value >> 16 & 255;
      target[offset + 2] = value >> 8 & 255;
      target[offset + 3] = value & 255;
      return offset + 4;
  }
}
function readVarint(source, offset) {
  const first = source[offset];
  if (first === void 0) return void 0;
  const prefix = first >> 6;
  if (prefix === 3) return "invalid";
  const size = prefix === 0 ? 1 : prefix === 1 ? 2 : 4;
  if (offset + size > source.byteLength) return void 0;
  let value = first & 63;
  for (let index = 1; index < size; index += 1) value = value * 256 + (source[offset + index] ?? 0);
  return varintSize(value) === size ? { value, size } : "invalid";
}

// packages/sdk/src/protocol/frame.ts
function encodeFrame({ type, head, body }) {
  const length = 1 + varintSize(head.byteLength) + head.byteLength + body.byteLength;
  if (length > MAX_VARINT) throw frameTooLarge(length, MAX_VARINT);
  const bytes = new Uint8Array(paddedLength(varintSize(length) + length));
  let offset = writeVarint(bytes, 0, length);
  bytes[offset] = type;
  offset = writeVarint(bytes, offset + 1, head.byteLength);
  bytes.set(head, offset);
  bytes.set(body, offset + head.byteLength);
  return bytes;
}
var PADDING = 0;
var NOTHING2 = new Uint8Array(0);
function createFrameDecoder(options) {
  let held = NOTHING2;
  let heldBytes = 0;
  let neededBytes = 0;
  const hold = (chunk) => {
    const size = heldBytes + chunk.byteLength;
    if (size > held.byteLength) {
      const larger = new Uint8Array(Math.max(size, Math.min(2 * size, neededBytes)));
      larger.set(held.subarray(0, heldBytes));
      held = larger;
    }
    held.set(chunk, heldBytes);
    heldBytes = size;
  };
  const decoder2 = {
    maxFrameBytes: options.maxFrameBytes,
    get partial() {
      return heldBytes > 0;
    },
    push(chunk) {
      let bytes = chunk;
      if (heldBytes > 0) {
        hold(chunk);
        if (heldBytes < neededBytes) return [];
        bytes = held.subarray(0, heldBytes);
      }
      const frames = [];
      let offset = 0;
      neededBytes = 0;
      for (; ; ) {
        while (offset < bytes.length && bytes[offset] === PADDING) offset += 1;
        const length = readVarint(bytes, offset);
        if (length === void 0) break;
        if (length === "invalid") throw protocolError("a frame's length is not in the shortest form below 2^30");
        if (length.value > decoder2.maxFrameBytes) throw frameTooLarge(length.value, decoder2.maxFrameBytes);
        const end2 = offset + length.size + length.value;
        if (end2 > bytes.byteLength) {
          neededBytes = end2 - offset;
          break;
        }
        frames.push(readFrame(bytes.subarray(offset + length.size, end2)));
        offset = end2;
      }
      held = NOTHING2;
      heldBytes = 0;
      if (offset < bytes.byteLength) hold(bytes.subarray(offset));
      return frames;
    }
  };
  return decoder2;
}
function readFrame(bytes) {
  const type = bytes[0];
  const headLength = readVarint(bytes, 1);
  if (type === void 0 || headLength === void 0 || headLength === "invalid") {
    throw protocolError(`a frame of ${bytes.byteLength} bytes has no type and head length`);
  }
  const headStart = 1 + headLength.size;
  const headEnd = headStart + headLength.value;
  if (headEnd > bytes.byteLength) {
    throw protocolError(`a frame's head of ${headLength.value} bytes does not fit its ${bytes.byteLength} bytes`);
  }
  return { type, head: bytes.subarray(headStart, headEnd), body: bytes.subarray(headEnd) };
}
var protocolError = (reason, cause) => new RedRoomError("PROTOCOL_ERROR", `unable to read the peer; ${reason}`, { cause });
var frameTooLarge = (size, limit) => new RedRoomError("FRAME_TOO_LARGE", `unable to read a frame; ${size} bytes, the limit is ${limit}`);

// packages/sdk/src/protocol/limits.ts
var DEFAULT_LIMITS = {
  maxTextBytes: 64 * 1024,
  maxTitleBytes: 512,
  maxPageEntries: 500,
  maxUnacknowledged: 256
};
var MAX_FRAME_BYTES_BEFORE_LOGIN = 4 * 1024;
function maxFrameBytes({ maxTextBytes, maxTitleBytes }) {
  return 6 * maxTextBytes + 128 * maxTitleBytes + 16 * 1024;
}
var MAX_LINE_BYTES = 4 * 1024;
var HIGHEST = {
  maxTextBytes: 16 * 1024 * 1024,
  maxTitleBytes: MAX_LINE_BYTES,
  maxPageEntries: 1e4,
  maxUnacknowledged: 1e5
};
function resolveLimits(given = {}) {
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, highest] of Object.entries(HIGHEST)) {
    const value = limits[name];
    if (!Number.isSafeInteger(value) || value < 1 || value > highest) {
      throw new RedRoomError(
        "OPTIONS_INVALID",
        `unable to use limits.${name}; ${value} is not a number from 1 to ${highest}`
      );
    }
  }
  return limits;
}

// packages/sdk/src/protocol/wire-codes.ts
var WIRE_CODES = [
  "LOGIN_FAILED",
  "SESSION_UNKNOWN",
  "SESSION_REVOKED",
  "SLOW_CONSUMER",
  "VERSION_UNSUPPORTED",
  "TIMEOUT",
  "SHUTTING_DOWN",
  "PROTOCOL_ERROR",
  "FRAME_TOO_LARGE",
  "TOO_MANY_CONNECTIONS",
  "TOO_MANY_STREAMS",
  "TOO_MANY_REQUESTS",
  "NOT_ALLOWED",
  "NAME_INVALID",
  "NAME_TAKEN",
  "PASSWORD_INVALID",
  "USER_UNKNOWN",
  "TOPIC_UNKNOWN",
  "TOPIC_EXISTS",
  "TITLE_INVALID",
  "TEXT_INVALID",
  "TEXT_TOO_LARGE",
  "REFERENCE_INVALID",
  "ID_REUSED",
  "STORE_UNAVAILABLE",
  "STORE_CLOSED",
  "PROOF_UNAVAILABLE",
  "INTERNAL"
];

// packages/sdk/src/protocol/messages.ts
var PROTOCOL_VERSION = 1;
var count = pipe(number(), safeInteger(), minValue(0));
var seq = pipe(number(), safeInteger(), minValue(1));
var id = pipe(string(), regex(ID_PATTERN));
var line = pipe(
  string(),
  check(
    (text) => text.isWellFormed() && (3 * text.length <= MAX_LINE_BYTES || utf8(text).byteLength <= MAX_LINE_BYTES)
  )
);
var hash = pipe(string(), regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/));
var note = pipe(line, minLength(1));
var hashes = pipe(array(hash), maxLength(64));
var topic = strictObject({ id, title: line, createdAt: count, head: count });
var failure = {
  code: picklist(WIRE_CODES),
  message: line,
  remedy: exactOptional(line),
  retryable: exactOptional(boolean()),
  retryAfterMs: exactOptional(count)
};
var MESSAGES = {
  // The control stream: the first one that the client opens.
  hello: {
    frameType: 1,
    head: strictObject({ versions: pipe(array(count), minLength(1), maxLength(16)) }),
    body: false
  },
  welcome: {
    frameType: 2,
    head: strictObject({
      version: count,
      limits: strictObject({
        maxTextBytes: count,
        maxTitleBytes: count,
        maxPageEntries: count,
        maxUnacknowledged: count
      }),
      heartbeatMs: count,
      logKey: hash,
      // Absent where the transport has no key of its own to certify with.
      logKeyCertificate: exactOptional(line)
    }),
    body: false
  },
  login: { frameType: 3, head: strictObject({ name: line, password: line }), body: false },
  // `token` continues this session on another connection; `resumed` says that one was continued.
  session: {
    frameType: 4,
    head: strictObject({
      session: id,
      token: hash,
      resumed: boolean(),
      user: strictObject({ id: line, name: line, admin: boolean() })
    }),
    body: false
  },
  ping: { frameType: 5, head: strictObject({ nonce: count }), body: false },
  pong: { frameType: 6, head: strictObject({ nonce: count }), body: false },
  goodbye: { frameType: 7, head: strictObject(failure), body: false },
  error: { frameType: 8, head: strictObject(failure), body: false },
  // In the place of `login`, on a new connection.
  resume: { frameType: 9, head: strictObject({ token: hash }), body: false },
  // The answer to a `resume` whose session is over: a `login` may follow on the same connection.
  resumeRefused: { frameType: 10, head: strictObject(failure), body: false },
  // Whether the record can be written and read; told when it changes, and behind `session` while it cannot.
  availability: {
    frameType: 11,
    head: strictObject({ available: boolean(), message: exactOptional(line) }),
    body: false
  },
  // Request streams: one request, its response, and both sides end.
  listTopics: { frameType: 16, head: strictObject({ after: exactOptional(id) }), body: false },
  topicList: { frameType: 17, head: strictObject({ topics: array(topic), more: boolean() }), body: false },
  createTopic: { frameType: 18, head: strictObject({ title: line }), body: false },
  topicCreated: { frameType: 19, head: strictObject({ topic }), body: false },
  readHistory: { frameType: 20, head: strictObject({ topic: id, from: seq, limit: seq }), body: false },
  historyRead: {
    frameType: 21,
    head: strictObject({ head: count, frontier: hashes, checkpoint: exactOptional(note), consistency: hashes }),
    body: false
  },
  proveEntry: { frameType: 22, head: strictObject({ topic: id, seq }), body: false },
  entryProof: { frameType: 23, head: strictObject({ proof: line }), body: false },
  proveConsistency: { frameType: 24, head: strictObject({ topic: id, first: count, second: count }), body: false },
  consistencyProof: { frameType: 25, head: strictObject({ hashes }), body: false },
  // Topic streams.
  // `from`: the first seq wanted; 0 for live entries only; absent for none, to publish only.
  openTopic: {
    frameType: 32,
    head: strictObject({ id: exactOptional(id), title: exactOptional(line), from: exactOptional(count) }),
    body: false
  },
  topicOpened: {
    frameType: 33,
    head: strictObject({ topic, frontier: hashes, checkpoint: exactOptional(note) }),
    body: false
  },
  publish: {
    frameType: 34,
    head: strictObject({ id, kind: picklist(MESSAGE_KINDS), re: exactOptional(seq) }),
    body: true
  },
  ack: { frameType: 35, head: strictObject({ id, seq, at: count, duplicate: boolean() }), body: false },
  refused: { frameType: 36, head: strictObject({ id, ...failure }), body: false },
  entry: { frameType: 37, head: strictObject({ author: line, salt: hash, leafBytes: count }), body: true },
  // In the place of an entry whose content the reader may not see, or nobody any more: the hash of its leaf.
  placeholder: { frameType: 38, head: strictObject({ leafHash: hash }), body: false },
  checkpoint: { frameType: 39, head: strictObject({ note }), body: false },
  // Who is behind a pseudonym: all members when a reader opens, others as they come. Present names, not part of the log.
  member: { frameType: 40, head: strictObject({ id, name: line }), body: false },
  // "I have received the entries from `first` to `last`."
  receipt: { frameType: 41, head: strictObject({ first: seq, last: seq }), body: false }
};

// packages/sdk/src/protocol/codec.ts
var EMPTY = new Uint8Array(0);
var types = Object.keys(MESSAGES);
var readers = new Map(
  types.map((type) => {
    const { frameType, head, body } = MESSAGES[type];
    return [frameType, { type, body, schema: head }];
  })
);
var members = Object.fromEntries(types.map((type) => [type, membersOf(MESSAGES[type].head)]));
function membersOf(schema) {
  if ("entries" in schema) {
    return Object.entries(schema.entries).flatMap(([name, member]) => [
      name,
      ...membersOf(member)
    ]);
  }
  return "item" in schema ? membersOf(schema.item) : [];
}
function encodeMessage(message) {
  const { frameType, body } = MESSAGES[message.type];
  return encodeFrame({
    type: frameType,
    head: utf8(JSON.stringify(message, members[message.type])),
    body: body ? message.body : EMPTY
  });
}
function checkMessage(message) {
  const { type, body, ...head } = message;
  const checked = safeParse(MESSAGES[type].head, head, { abortEarly: true });
  if (checked.success) return;
  const [issue] = checked.issues;
  const path = getDotPath(issue) ?? "something";
  throw new RedRoomError("OPTIONS_INVALID", `unable to send ${type}; ${path} is not ${issue.expected ?? issue.type}`);
}
function decodeMessage(frame) {
  const reader = readers.get(frame.type);
  if (reader === void 0) throw protocolError(`there is no frame type ${frame.type}`);
  const { type, schema } = reader;
  const text = readText(frame.head, type);
  const head = safeParse(schema, readJson(text, type), { abortEarly: true });
  if (!head.success) {
    const [issue] = head.issues;
    const path = getDotPath(issue)?.slice(0, 100) ?? "the head";
    throw protocolError(`${path} of ${type} is not ${(issue.expected ?? issue.type).slice(0, 100)}`);
  }
  if (JSON.stringify(head.output) !== text) {
    throw protocolError(`the head of ${type} is not in the one form of JSON that is allowed`);
  }
  if (reader.body) return { type, ...head.output, body: frame.body };
  if (frame.body.byteLength > 0) throw protocolError(`${type} has a body of ${frame.body.byteLength} bytes`);
  return { type, ...head.output };
}
function readText(bytes, type) {
  try {
    return fromUtf8(bytes);
  } catch {
    throw protocolError(`the head of ${type} is not UTF-8`);
  }
}
function readJson(text, type) {
  try {
    return JSON.parse(text);
  } catch {
    throw protocolError(`the head of ${type} is not JSON`);
  }
}

// packages/sdk/src/session/client-state.ts
function stateChange(before, after, now) {
  if (before.phase === after.phase) return void 0;
  const cause = "cause" in after ? after.cause : void 0;
  return {
    state: after.phase,
    previous: before.phase,
    ...cause !== void 0 && { code: cause.code, reason: cause.message },
    ...after.phase === "offline" && { retryInMs: Math.max(0, after.due - now) }
  };
}

// packages/sdk/src/transport/quic/quic-transport.ts
import { isIP as isIP3 } from "node:net";

// packages/sdk/src/transport/quic/quic-config.ts
var STREAM_WINDOW_BYTES = 64 * 1024;
var MAX_STREAM_WINDOW_BYTES = 256 * 1024;
var CONNECTION_WINDOW_BYTES = 2 ** 50;
var MAX_DATAGRAM_BYTES = 1350;
var SIGNATURE_ALGORITHMS = "ecdsa_secp256r1_sha256:ed25519:rsa_pss_rsae_sha256:ecdsa_secp384r1_sha384:rsa_pkcs1_sha256";
function serverConfig(quiche, options) {
  const { tls = { certificate: "", privateKey: "" } } = options;
  const config = quiche.Config.withBoringSslCtx(
    false,
    false,
    null,
    [Buffer.from(tls.privateKey)],
    [Buffer.from(tls.certificate)],
    SIGNATURE_ALGORITHMS
  );
  return applySettings(config, options);
}
function clientConfig(quiche, options) {
  const ca = options.ca === void 0 ? null : Buffer.from(options.ca);
  const config = quiche.Config.withBoringSslCtx(true, ca === null, ca, null, null, SIGNATURE_ALGORITHMS);
  return applySettings(config, options);
}
function applySettings(config, options) {
  config.setApplicationProtos([options.alpn]);
  config.grease(true);
  if (options.keyLogFolder !== void 0) config.logKeys();
  config.setMaxIdleTimeout(options.idleTimeoutMs);
  config.setMaxRecvUdpPayloadSize(65527);
  config.setMaxSendUdpPayloadSize(MAX_DATAGRAM_BYTES);
  config.setInitialMaxData(CONNECTION_WINDOW_BYTES);
  config.setMaxConnectionWindow(CONNECTION_WINDOW_BYTES);
  config.setInitialMaxStreamDataBidiLocal(STREAM_WINDOW_BYTES);
  config.setInitialMaxStreamDataBidiRemote(STREAM_WINDOW_BYTES);
  config.setInitialMaxStreamDataUni(0);
  config.setMaxStreamWindow(MAX_STREAM_WINDOW_BYTES);
  config.setInitialMaxStreamsBidi(options.maxStreams);
  config.setInitialMaxStreamsUni(0);
  config.setAckDelayExponent(3);
  config.setMaxAckDelay(25);
  config.setActiveConnectionIdLimit(2);
  config.setDisableActiveMigration(true);
  config.setDisableDcidReuse(false);
  config.setCcAlgorithmName("cubic");
  config.enableHystart(true);
  config.enablePacing(false);
  config.enableDgram(false, 0, 0);
  return config;
}

// packages/sdk/src/transport/quic/quic-dial.ts
import { randomBytes, X509Certificate as X509Certificate3 } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP as isIP2 } from "node:net";

// packages/sdk/src/transport/quic/key-log.ts
import { join } from "node:path";
function logKeys(native, folder, connectionId) {
  if (folder === void 0) return;
  const path = join(folder, `${connectionId.toString("hex")}.keys`);
  try {
    native.setKeylog(path);
  } catch (cause) {
    throw new RedRoomError("OPTIONS_INVALID", `unable to write the key log ${path}`, { cause });
  }
}

// packages/sdk/src/transport/quic/packet-header.ts
var QUIC_V1 = 1;
var TYPE_INITIAL = 0;
var CONNECTION_ID_BYTES = 20;
var MIN_INITIAL_BYTES = 1200;
var isLongHeader = (datagram) => ((datagram[0] ?? 0) & 128) !== 0;
function readLongHeader(datagram) {
  if (datagram.length < 7) return void 0;
  const destinationEnd = 6 + datagram.readUInt8(5);
  if (datagram.length <= destinationEnd) return void 0;
  const sourceEnd = destinationEnd + 1 + datagram.readUInt8(destinationEnd);
  if (datagram.length < sourceEnd) return void 0;
  return {
    version: datagram.readUInt32BE(1),
    type: datagram.readUInt8(0) >> 4 & 3,
    destinationId: datagram.subarray(6, destinationEnd),
    sourceId: datagram.subarray(destinationEnd + 1, sourceEnd)
  };
}
function routingKey(datagram) {
  if (isLongHeader(datagram)) {
    const header = readLongHeader(datagram);
    return header === void 0 ? void 0 : keyOf3(header.destinationId);
  }
  return datagram.length > CONNECTION_ID_BYTES ? datagram.toString("latin1", 1, 1 + CONNECTION_ID_BYTES) : void 0;
}
var keyOf3 = (connectionId) => connectionId.toString("latin1");
function versionNegotiation({ destinationId, sourceId }) {
  return Buffer.concat([
    Buffer.of(192, 0, 0, 0, 0, sourceId.length),
    sourceId,
    Buffer.of(destinationId.length),
    destinationId,
    Buffer.of(0, 0, 0, QUIC_V1)
  ]);
}

// packages/sdk/src/transport/quic/quic-connection.ts
import { performance as performance2 } from "node:perf_hooks";

// packages/sdk/src/transport/quic/quiche.ts
var SHUTDOWN_READ = 0;
var SHUTDOWN_WRITE = 1;
var loading;
async function loadQuiche() {
  loading ??= import("@matrixai/quic/native/index.js").then(
    (native) => native.quiche,
    (cause) => {
      throw platformUnsupported(cause);
    }
  );
  return await loading;
}
function platformUnsupported(cause, platform = process.platform, arch = process.arch) {
  return new RedRoomError(
    "PLATFORM_UNSUPPORTED",
    `unable to use QUIC on ${platform}-${arch}; no binary could be loaded`,
    {
      cause,
      remedy: "use Linux (x64 with glibc), Windows (x64) or macOS, and install with optional dependencies"
    }
  );
}
function readQuicheFailure(thrown) {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const match = /^(\w+)(?:\((\d+)\))?$/.exec(text);
  return { name: match?.[1] ?? text, code: Number(match?.[2] ?? 0) };
}
var CRYPTO_ERROR = 256;
var ALERT_CERTIFICATE_EXPIRED = 45;
var ALERT_NO_APPLICATION_PROTOCOL = 120;
var TRANSPORT_ERRORS = [
  "NO_ERROR",
  "INTERNAL_ERROR",
  "CONNECTION_REFUSED",
  "FLOW_CONTROL_ERROR",
  "STREAM_LIMIT_ERROR",
  "STREAM_STATE_ERROR",
  "FINAL_SIZE_ERROR",
  "FRAME_ENCODING_ERROR",
  "TRANSPORT_PARAMETER_ERROR",
  "CONNECTION_ID_LIMIT_ERROR",
  "PROTOCOL_VIOLATION",
  "INVALID_TOKEN",
  "APPLICATION_ERROR",
  "CRYPTO_BUFFER_EXCEEDED",
  "KEY_UPDATE_ERROR",
  "AEAD_LIMIT_REACHED",
  "NO_VIABLE_PATH"
];
var CONNECTION_REFUSED = 2;
function transportError(doing, by, code) {
  const who = by === "local" ? "we" : "the peer";
  if (code === CONNECTION_REFUSED && by === "peer") {
    return new RedRoomError("TOO_MANY_CONNECTIONS", `unable to ${doing}; the server takes no further connection now`, {
      retryable: true
    });
  }
  if (code === CRYPTO_ERROR + ALERT_NO_APPLICATION_PROTOCOL) {
    return new RedRoomError(
      "VERSION_UNSUPPORTED",
      `unable to ${doing}; both sides speak QUIC, but no common protocol (ALPN)`
    );
  }
  if (code >= CRYPTO_ERROR && code < 2 * CRYPTO_ERROR) {
    const alert = code - CRYPTO_ERROR;
    return new RedRoomError(
      alert === ALERT_CERTIFICATE_EXPIRED ? "CERTIFICATE_EXPIRED" : "CERTIFICATE_INVALID",
      `unable to ${doing}; ${who} refused the TLS handshake with alert ${alert}`
    );
  }
  const name = TRANSPORT_ERRORS[code] ?? `0x${code.toString(16)}`;
  return new RedRoomError("PROTOCOL_ERROR", `unable to ${doing}; ${who} ended it with the QUIC error ${name}`);
}

// packages/sdk/src/transport/quic/quic-stream.ts
var READ_BUFFER = new Uint8Array(256 * 1024);
var NO_ROOM = READ_BUFFER.subarray(0, 0);
var QuicStream = class extends NetworkStream {
  #connection;
  #native;
  /** A probe met the peer's end; quiche may have forgotten the stream with it. */
  #endMet = false;
  constructor(connection, native, id2, logger) {
    super(id2, logger);
    this.#connection = connection;
    this.#native = native;
  }
  pause() {
    super.pause();
    this.#connection.watch(this);
  }
  /**
   * Sees a reset that reading and writing would not: behind bytes that a paused handler does not want yet (an empty read
   * shows it), or, once the peer has ended, as its mere wish that we stop.
   *
   * @returns `false` when the stream need not be probed any more.
   */
  probe() {
    if (!this.paused && !this.halfClosed) return false;
    try {
      this.#native.streamCapacity(this.id);
      if (this.paused && !this.#endMet) this.#endMet = this.#native.streamRecv(this.id, NO_ROOM)?.[1] ?? false;
      return true;
    } catch (thrown) {
      this.#fail(thrown);
      return false;
    }
  }
  scheduleDelivery() {
    this.#connection.wantDelivery(this);
  }
  scheduleFlush() {
    this.#connection.wantFlush(this);
  }
  receive() {
    if (this.#endMet) return { bytes: NO_ROOM, end: true };
    try {
      const read = this.#native.streamRecv(this.id, READ_BUFFER);
      if (read === null) return void 0;
      const [length, end2] = read;
      if (end2) this.#connection.watch(this);
      return { bytes: READ_BUFFER.slice(0, length), end: end2 };
    } catch (thrown) {
      this.#fail(thrown);
      return void 0;
    }
  }
  transmit(bytes, end2) {
    try {
      return this.#native.streamSend(this.id, bytes, end2) ?? 0;
    } catch (thrown) {
      this.#fail(thrown);
      return 0;
    }
  }
  abandon(code) {
    for (const direction of [SHUTDOWN_READ, SHUTDOWN_WRITE]) {
      try {
        this.#native.streamShutdown(this.id, direction, code);
      } catch {
      }
    }
    this.#connection.wantTurn();
  }
  release() {
    this.#connection.forget(this);
  }
  /** The peer reset or stopped the stream; ending both directions here lets quiche forget it too. */
  #fail(thrown) {
    const { name, code } = readQuicheFailure(thrown);
    if (name === "Done" || name === "InvalidStreamState") return;
    this.abandon(code);
    this.fail(streamReset(this.id, code));
  }
};

// packages/sdk/src/transport/quic/quic-connection.ts
var MAX_PACKETS_PER_TURN = 256;
var HONEST_PACKET_BYTES = 256;
var MAX_RUNAWAY_TURNS = 3;
var MAX_REASON_BYTES = 512;
var NOTHING3 = new Uint8Array(0);
var QuicConnection = class {
  remoteAddress;
  closed;
  onStream;
  /** Set by who has verified it. */
  peerKey;
  #native;
  #settings;
  #wire;
  #streams = /* @__PURE__ */ new Map();
  #deliveries = /* @__PURE__ */ new Set();
  #flushes = /* @__PURE__ */ new Set();
  /** Streams of which the network took less than they have; the first of the next turn is the last of this one. */
  #blocked = /* @__PURE__ */ new Set();
  #watched = /* @__PURE__ */ new Set();
  #nextId;
  #admitted = false;
  #received = false;
  #closing;
  #ended = false;
  #runawayTurns = 0;
  #timer;
  #timerAt = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #lastSentAt = performance2.now();
  #resolveClosed = () => {
  };
  constructor(settings) {
    this.#settings = settings;
    this.#native = settings.native;
    this.#wire = settings.wire;
    this.#nextId = settings.side === "client" ? 0 : 1;
    const { host, port } = settings.remote;
    this.remoteAddress = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    this.closed = new Promise((resolve2) => {
      this.#resolveClosed = resolve2;
    });
  }
  openStream() {
    if (this.#closing !== void 0 || this.#ended) throw connectionClosed("no stream can be opened any more");
    const id2 = this.#nextId;
    try {
      this.#native.streamSend(id2, NOTHING3, false);
    } catch (thrown) {
      if (readQuicheFailure(thrown).name === "StreamLimit") throw tooManyStreams(this.#streams.size);
      throw connectionLost("quiche refused to open a stream", thrown);
    }
    this.#nextId += 4;
    return this.#add(id2);
  }
  close(code = 0, reason = "") {
    this.#closing ??= { code, reason };
    this.wantTurn();
  }
  /** Ends the connection with an error of ours, which the peer sees as `code`. */
  abort(error, code = 0) {
    this.#closing ??= { code, reason: error.code, error };
    this.wantTurn();
  }
  /** A datagram for this connection. quiche closes it by itself when a peer that it has verified sends nonsense. */
  receive(datagram, from2) {
    try {
      this.#native.recv(datagram, { from: from2, to: this.#wire.local });
    } catch {
    }
    this.#received = true;
    this.wantTurn();
  }
  wantTurn() {
    if (!this.#ended) this.#wire.schedule(this);
  }
  wantDelivery(stream) {
    this.#deliveries.add(stream);
    this.wantTurn();
  }
  wantFlush(stream) {
    this.#flushes.add(stream);
    this.wantTurn();
  }
  watch(stream) {
    this.#watched.add(stream);
  }
  forget(stream) {
    this.#streams.delete(stream.id);
    this.#deliveries.delete(stream);
    this.#flushes.delete(stream);
    this.#blocked.delete(stream);
    this.#watched.delete(stream);
  }
  /** The first half of a turn: what arrived goes to the streams. */
  deliver() {
    if (this.#ended) return;
    if (!this.#admitted) {
      this.#admit();
      return;
    }
    const deliveries = this.#deliveries;
    this.#deliveries = /* @__PURE__ */ new Set();
    for (const stream of deliveries) stream.deliver();
    if (!this.#received) return;
    this.#received = false;
    if (this.#native.isReadable()) {
      for (const id2 of this.#native.readable()) (this.#streams.get(id2) ?? this.#accept(id2))?.deliver();
    }
    for (const stream of this.#watched) if (!stream.probe()) this.#watched.delete(stream);
    for (const stream of this.#blocked) this.#flushes.add(stream);
  }
  /** The second half of a turn: what was written goes to the network. */
  transmit() {
    if (this.#ended) return;
    if (this.#admitted) this.#flush();
    this.#sendPackets();
    if (this.#closing !== void 0 && !this.#ended) this.#sendClose(this.#closing);
    if (!this.#ended && (this.#native.isDraining() || this.#native.isClosed())) this.#finish(this.#readEnd());
    if (this.#ended) return;
    this.#setDeadline();
    if (this.#deliveries.size > 0 || this.#flushes.size > 0) this.wantTurn();
  }
  crash(thrown) {
    this.#settings.logger.error({ error: thrown, remote: this.remoteAddress }, "a connection failed in its turn");
    this.#finish(lost(toRedRoomError(thrown, "INTERNAL", `go on with the connection with ${this.remoteAddress}`)));
  }
  /** Streams are delivered from the next turn on, when whoever waited for the connection has seen it. */
  #admit() {
    const native = this.#native;
    if (!native.isEstablished() || native.isDraining() || this.#closing !== void 0) return;
    this.#admitted = true;
    if (!guarded(this.#settings.logger, "take a connection", () => this.#settings.admit(this))) this.close();
    setImmediate(() => this.wantTurn());
  }
  #accept(id2) {
    if (id2 % 4 === this.#nextId % 4) return void 0;
    const stream = this.#add(id2);
    const accepted = guarded(this.#settings.logger, "take a stream", () => this.onStream?.(stream));
    if (!accepted || this.onStream === void 0) stream.reset();
    return stream;
  }
  #add(id2) {
    const stream = new QuicStream(this, this.#native, id2, this.#settings.logger);
    this.#streams.set(id2, stream);
    return stream;
  }
  #flush() {
    const flushes = this.#flushes;
    this.#flushes = /* @__PURE__ */ new Set();
    for (const stream of flushes) {
      this.#blocked.delete(stream);
      stream.flush();
      if (stream.blocked) this.#blocked.add(stream);
    }
    const [first] = this.#blocked;
    if (first !== void 0 && this.#blocked.size > 1) {
      this.#blocked.delete(first);
      this.#blocked.add(first);
    }
  }
  /** quiche 0.18 can be driven into returning packets for ever, so a turn is bounded. */
  #sendPackets() {
    let bytes = 0;
    for (let count2 = 0; count2 < MAX_PACKETS_PER_TURN; count2++) {
      const sent = this.#sendPacket();
      if (sent === 0) {
        this.#runawayTurns = 0;
        return;
      }
      bytes += sent;
    }
    this.#runawayTurns = bytes < MAX_PACKETS_PER_TURN * HONEST_PACKET_BYTES ? this.#runawayTurns + 1 : 0;
    if (this.#runawayTurns < MAX_RUNAWAY_TURNS) {
      this.wantTurn();
      return;
    }
    this.#finish(
      lost(connectionLost(`it sent ${MAX_PACKETS_PER_TURN} small packets in each of ${MAX_RUNAWAY_TURNS} turns`))
    );
  }
  /** @returns the packet's size, 0 when there is nothing to send now. */
  #sendPacket() {
    const packet = this.#wire.packetBuffer();
    try {
      const sent = this.#native.send(packet);
      if (sent !== null) {
        this.#wire.send(packet, sent[0], sent[1].to);
        this.#lastSentAt = performance2.now();
        return sent[0];
      }
    } catch {
    }
    this.#wire.recycle(packet);
    return 0;
  }
  #sendClose({ code, reason, error }) {
    try {
      this.#native.close(true, code, Buffer.from(reason).subarray(0, MAX_REASON_BYTES));
    } catch {
    }
    for (let count2 = 0; count2 < MAX_RUNAWAY_TURNS && this.#sendPacket() > 0; count2++) ;
    const end2 = this.#native.peerError() === null ? closedBy("local", code, reason) : this.#readEnd();
    this.#finish(error === void 0 ? end2 : { ...end2, error });
  }
  #readEnd() {
    const native = this.#native;
    const peer = native.peerError();
    const doing = `${this.#admitted ? "stay connected" : "connect"} with ${this.remoteAddress}`;
    if (peer !== null) {
      const reason = Buffer.from(peer.reason).toString();
      if (peer.isApp || peer.errorCode === 0) return closedBy("peer", peer.errorCode, reason);
      return { by: "peer", code: 0, reason, error: transportError(doing, "peer", peer.errorCode) };
    }
    const local = native.localError();
    if (local !== null)
      return { by: "local", code: 0, reason: "", error: transportError(doing, "local", local.errorCode) };
    return lost(connectionLost(`nothing was heard of ${this.remoteAddress} for ${this.#settings.idleTimeoutMs} ms`));
  }
  #finish(end2) {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const stream of [...this.#streams.values()]) stream.fail(streamErrorOf(end2));
    this.#settings.ended(end2);
    this.#resolveClosed(end2);
  }
  /** The timer is set anew only when the deadline moves nearer: most deadlines move away before they are reached. */
  #setDeadline() {
    const now = performance2.now();
    const timeoutMs = this.#native.timeout();
    this.#deadline = timeoutMs === null ? Number.POSITIVE_INFINITY : now + timeoutMs + 1;
    const { keepAliveMs } = this.#settings;
    if (keepAliveMs !== void 0 && this.#admitted) {
      this.#deadline = Math.min(this.#deadline, this.#lastSentAt + keepAliveMs);
    }
    if (this.#deadline === Number.POSITIVE_INFINITY) return;
    if (this.#timer === void 0 || this.#deadline < this.#timerAt - 0.5) this.#setTimer(now);
  }
  #setTimer(now) {
    clearTimeout(this.#timer);
    this.#timerAt = this.#deadline;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#deadline - now));
    this.#timer.unref();
  }
  #tick() {
    this.#timer = void 0;
    const now = performance2.now();
    if (this.#deadline - now > 0.5) {
      if (this.#deadline < Number.POSITIVE_INFINITY) this.#setTimer(now);
      return;
    }
    const { keepAliveMs } = this.#settings;
    try {
      if (keepAliveMs !== void 0 && now - this.#lastSentAt >= keepAliveMs) this.#native.sendAckEliciting();
      this.#native.onTimeout();
    } catch {
    }
    for (const stream of this.#blocked) this.#flushes.add(stream);
    this.wantTurn();
  }
};

// packages/sdk/src/transport/quic/quic-endpoint.ts
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
var SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
var QuicEndpoint = class _QuicEndpoint {
  local;
  #socket;
  #dialed;
  #routes = /* @__PURE__ */ new Map();
  #spare = [];
  #due = /* @__PURE__ */ new Set();
  #turnScheduled = false;
  #closed = false;
  /** Datagrams of no connection here. */
  onStranger;
  /** The network said that nobody is there; only a dialed endpoint can hear that. */
  onRefused;
  constructor(socket, dialed) {
    this.#socket = socket;
    this.#dialed = dialed;
    const { address, port } = socket.address();
    this.local = { host: address, port };
    socket.on("message", (datagram, from2) => this.#receive(datagram, from2));
    socket.on("error", () => this.onRefused?.());
  }
  /** @throws {RedRoomError} `PORT_TAKEN`, `ADDRESS_UNAVAILABLE`. */
  static async bind(host, port) {
    const socket = openSocket(host);
    try {
      await settled(socket, "listening", () => socket.bind(port, host));
    } catch (cause) {
      socket.close();
      throw bindError(host, port, cause);
    }
    return new _QuicEndpoint(socket, false);
  }
  /** A socket that hears one peer only, also that nobody is there. @throws {RedRoomError} `UNREACHABLE`. */
  static async dial(host, port) {
    const socket = openSocket(host);
    try {
      await settled(socket, "connect", () => socket.connect(port, host));
    } catch (cause) {
      socket.close();
      throw unreachable(host, port, cause);
    }
    return new _QuicEndpoint(socket, true);
  }
  get connections() {
    return this.#routes.size;
  }
  route(connectionId, connection) {
    this.#routes.set(keyOf3(connectionId), connection);
  }
  unroute(connectionId) {
    this.#routes.delete(keyOf3(connectionId));
  }
  schedule(connection) {
    this.#due.add(connection);
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(() => this.#turn());
  }
  packetBuffer() {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(MAX_DATAGRAM_BYTES);
  }
  recycle(packet) {
    this.#spare.push(packet);
  }
  /** Without a callback: a datagram that cannot be sent is a lost one, and QUIC sends it again. */
  send(packet, length, to) {
    if (this.#closed) return;
    if (this.#dialed) this.#socket.send(packet, 0, length);
    else this.#socket.send(packet, 0, length, to.port, to.host);
    if (this.#socket.getSendQueueCount() === 0) this.#spare.push(packet);
  }
  /** Resolves when everything sent has left and the port is free. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#socket.getSendQueueCount() > 0) await new Promise((resolve2) => setImmediate(resolve2));
    await new Promise((resolve2) => {
      this.#socket.close(() => resolve2());
    });
  }
  #receive(datagram, { address, port }) {
    const from2 = { host: address, port };
    const key2 = routingKey(datagram);
    const connection = key2 === void 0 ? void 0 : this.#routes.get(key2);
    if (connection !== void 0) connection.receive(datagram, from2);
    else this.onStranger?.(datagram, from2);
  }
  #turn() {
    for (const connection of [...this.#due]) attempt(connection, () => connection.deliver());
    const due = this.#due;
    this.#due = /* @__PURE__ */ new Set();
    this.#turnScheduled = false;
    for (const connection of due) attempt(connection, () => connection.transmit());
  }
};
function attempt(connection, step) {
  try {
    step();
  } catch (thrown) {
    connection.crash(thrown);
  }
}
function openSocket(host) {
  const family = isIPv6(host) ? 6 : 4;
  return createSocket({
    type: family === 6 ? "udp6" : "udp4",
    recvBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
    // Addresses are resolved before; asking again for every datagram would cost a turn each.
    lookup: (address, _options, callback) => callback(null, address, family)
  });
}
async function settled(socket, event, start) {
  await new Promise((resolve2, reject) => {
    socket.once("error", reject);
    socket.once(event, () => {
      socket.off("error", reject);
      resolve2();
    });
    start();
  });
}
var errorCode = (thrown) => thrown?.code;
function bindError(host, port, cause) {
  return errorCode(cause) === "EADDRINUSE" ? new RedRoomError("PORT_TAKEN", `unable to listen on ${host}:${port}; the port is taken`, {
    cause,
    remedy: "stop the other program or choose another port"
  }) : new RedRoomError(
    "ADDRESS_UNAVAILABLE",
    `unable to listen on ${host}:${port}; ${String(errorCode(cause) ?? cause)}`,
    {
      cause,
      remedy: "choose an address of this machine, and a port that you may use"
    }
  );
}
var unreachable = (host, port, cause) => new RedRoomError(
  "UNREACHABLE",
  `unable to connect to ${host}:${port}; ${String(errorCode(cause) ?? "nobody answers there")}`,
  {
    cause,
    retryable: true,
    remedy: "check the address, and that the server runs and its UDP port is open"
  }
);

// packages/sdk/src/transport/quic/quic-options.ts
import { createPrivateKey as createPrivateKey2, X509Certificate } from "node:crypto";
var DEFAULTS = {
  alpn: "app/1",
  idleTimeoutMs: 3e4,
  handshakeTimeoutMs: 1e4,
  maxConnections: 1e4,
  maxConnectionsPerAddress: 2e3,
  maxHandshakes: 1e3,
  maxStreams: 256,
  clock: systemClock,
  logger: silentLogger
};
var NUMBERS = [
  "idleTimeoutMs",
  "keepAliveMs",
  "handshakeTimeoutMs",
  "maxConnections",
  "maxConnectionsPerAddress",
  "maxHandshakes",
  "maxStreams"
];
function resolveQuicOptions(given) {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== void 0));
  const options = { ...DEFAULTS, ...present };
  for (const name of NUMBERS) {
    const value = options[name];
    if (value !== void 0 && !(Number.isSafeInteger(value) && value > 0)) {
      throw invalid(`${name} must be a whole number above 0, not ${String(value)}`);
    }
  }
  const alpnBytes = Buffer.byteLength(options.alpn);
  if (alpnBytes < 1 || alpnBytes > 255) throw invalid(`alpn must have 1 to 255 bytes, not ${alpnBytes}`);
  if (options.keepAliveMs !== void 0 && options.keepAliveMs >= options.idleTimeoutMs) {
    throw invalid(`keepAliveMs (${options.keepAliveMs}) must be below idleTimeoutMs (${options.idleTimeoutMs})`);
  }
  if (options.ca !== void 0) {
    try {
      new X509Certificate(options.ca);
    } catch (cause) {
      throw invalid("ca holds no certificate in PEM", cause);
    }
  }
  return options;
}
function readServerCertificate({ tls, clock }) {
  if (tls === void 0) throw invalid("to listen, tls with a certificate and its privateKey is needed");
  const refuse2 = (reason, cause) => {
    throw new RedRoomError("CERTIFICATE_INVALID", `unable to listen; ${reason}`, {
      cause,
      remedy: "give the certificate chain (PEM, the server's own first) and the private key that it was made with"
    });
  };
  let leaf;
  try {
    leaf = new X509Certificate(tls.certificate);
  } catch (cause) {
    return refuse2("the certificate is not readable PEM", cause);
  }
  let matches;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey2(tls.privateKey));
  } catch (cause) {
    return refuse2("the private key is not readable PEM", cause);
  }
  if (!matches) refuse2("the private key does not belong to the certificate");
  checkValidity(leaf, clock.now(), "listen");
  return leaf;
}
function checkValidity(certificate, nowMs, doing) {
  const from2 = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  if (nowMs >= from2 && nowMs <= to) return;
  const [when, remedy] = nowMs > to ? [`expired on ${new Date(to).toISOString()}`, "renew the server's certificate"] : [`is valid only from ${new Date(from2).toISOString()}`, "check the clocks of both machines"];
  throw new RedRoomError("CERTIFICATE_EXPIRED", `unable to ${doing}; the server's certificate ${when}`, { remedy });
}
var invalid = (reason, cause) => new RedRoomError("OPTIONS_INVALID", `unable to use the QUIC transport; ${reason}`, { cause });

// packages/sdk/src/transport/quic/verify-certificate.ts
import { createHash as createHash4, timingSafeEqual, X509Certificate as X509Certificate2 } from "node:crypto";
import { isIP } from "node:net";
var pinOf = (certificate) => new Uint8Array(createHash4("sha256").update(publicKeyOf(certificate)).digest());
var publicKeyOf = (certificate) => new Uint8Array(certificate.publicKey.export({ type: "spki", format: "der" }));
function verifyCertificate(der, { pin, name, nowMs }) {
  const invalid2 = (reason, cause) => new RedRoomError("CERTIFICATE_INVALID", `unable to connect; ${reason}`, { cause });
  if (der === void 0) throw invalid2("the server showed no certificate");
  let leaf;
  try {
    leaf = new X509Certificate2(der);
  } catch (cause) {
    throw invalid2("the server's certificate is not readable", cause);
  }
  if (pin !== void 0 && !(pin.byteLength === 32 && timingSafeEqual(pinOf(leaf), pin))) {
    throw new RedRoomError("PIN_MISMATCH", "unable to connect; the server has another key than the address names", {
      remedy: "ask the operator for the current address; if it is the one you have, somebody is in between"
    });
  }
  checkValidity(leaf, nowMs, "connect");
  if (name === void 0) return publicKeyOf(leaf);
  const found = isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name);
  if (found === void 0) {
    throw invalid2(`the server's certificate is for ${leaf.subjectAltName ?? "no name"}, not for ${name}`);
  }
  return publicKeyOf(leaf);
}

// packages/sdk/src/transport/quic/quic-dial.ts
var DEFAULT_TIMEOUT_MS = 1e4;
var CERTIFICATE_REFUSED = 256 + 42;
async function dial(to, { signal, timeoutMs = DEFAULT_TIMEOUT_MS }) {
  const { options, address } = to;
  if (address.pin === void 0 && options.ca === void 0) {
    throw invalid(
      "to connect, the address must hold a pin or `ca` an authority; the system's authorities are never asked"
    );
  }
  const where = `${address.host}:${address.port}`;
  const endsAt = options.clock.now() + timeoutMs;
  const hosts = await beforeEnd(resolve(address), timeoutMs, where, options, signal);
  for (const [index, host] of hosts.entries()) {
    const share2 = (endsAt - options.clock.now()) / (hosts.length - index);
    const connecting = new AbortController();
    try {
      return await beforeEnd(attempt2(to, host, connecting.signal), share2, where, options, signal);
    } catch (thrown) {
      connecting.abort(thrown);
      const last = index === hosts.length - 1;
      const elsewhere = thrown instanceof RedRoomError && ["UNREACHABLE", "TIMEOUT"].includes(thrown.code);
      if (last || !elsewhere) throw thrown;
    }
  }
  throw unreachable(address.host, address.port, void 0);
}
async function resolve({ host, port }) {
  if (isIP2(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true, verbatim: false })).map(({ address }) => address);
  } catch (cause) {
    throw unreachable(host, port, cause);
  }
}
async function attempt2(to, host, signal) {
  const { quiche, config, options, address } = to;
  const endpoint = await QuicEndpoint.dial(host, address.port);
  try {
    const connectionId = randomBytes(CONNECTION_ID_BYTES);
    const remote = { host, port: address.port };
    const native = quiche.Connection.connect(options.serverName ?? null, connectionId, endpoint.local, remote, config);
    logKeys(native, options.keyLogFolder, connectionId);
    return await new Promise((admitted, failed) => {
      const connection = new QuicConnection({
        ...options,
        keepAliveMs: options.keepAliveMs,
        native,
        wire: endpoint,
        side: "client",
        remote,
        admit: () => {
          endpoint.onRefused = void 0;
          try {
            connection.peerKey = verify3(native, to);
            admitted(connection);
          } catch (thrown) {
            connection.abort(thrown, CERTIFICATE_REFUSED);
          }
        },
        ended: (end2) => {
          endpoint.unroute(connectionId);
          void endpoint.close();
          failed(whyNot(native, to, end2));
        }
      });
      endpoint.onRefused = () => connection.abort(unreachable(host, address.port, void 0));
      const abort = () => connection.abort(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
      endpoint.route(connectionId, connection);
      connection.wantTurn();
    });
  } catch (thrown) {
    void endpoint.close();
    throw thrown;
  }
}
function verify3(native, { options, address }) {
  return verifyCertificate(native.peerCertChain()?.[0], {
    pin: address.pin,
    name: options.ca === void 0 ? void 0 : options.serverName ?? address.host,
    nowMs: options.clock.now()
  });
}
function whyNot(native, { options }, end2) {
  const error = end2.error ?? connectionClosed("the server closed it during the handshake");
  const leaf = native.peerCertChain()?.[0];
  if (end2.by !== "local" || !error.code.startsWith("CERTIFICATE_") || leaf === void 0) return error;
  try {
    checkValidity(new X509Certificate3(leaf), options.clock.now(), "connect");
    return error;
  } catch (thrown) {
    return thrown instanceof RedRoomError ? thrown : error;
  }
}
async function beforeEnd(work, timeoutMs, where, { clock }, signal) {
  return await new Promise((resolve2, reject) => {
    const abort = () => reject(aborted(`connect to ${where}`, signal?.reason));
    const timer = clock.setTimer(() => {
      reject(
        new RedRoomError("TIMEOUT", `unable to connect to ${where}; no answer within ${Math.round(timeoutMs)} ms`, {
          retryable: true,
          remedy: "check the address, and that the server runs and its UDP port is open"
        })
      );
    }, timeoutMs);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    work.then(resolve2, reject).finally(() => {
      timer.cancel();
      signal?.removeEventListener("abort", abort);
    });
  });
}

// packages/sdk/src/transport/quic/quic-listener.ts
import { createPrivateKey as createPrivateKey3, randomBytes as randomBytes3, sign as sign2 } from "node:crypto";

// packages/sdk/src/transport/quic/refusal.ts
import { createCipheriv, createHmac } from "node:crypto";
var INITIAL_SALT = Buffer.from("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "hex");
var PACKET_NUMBER_BYTES = 4;
var TAG_BYTES = 16;
var SAMPLE_BYTES = 16;
function refusal({ destinationId, sourceId }) {
  const secret = expand(hmac(INITIAL_SALT, destinationId), "server in", 32);
  const frame = Buffer.of(28, CONNECTION_REFUSED, 0, 0);
  const length = PACKET_NUMBER_BYTES + frame.length + TAG_BYTES;
  const header = Buffer.concat([
    Buffer.of(192 | PACKET_NUMBER_BYTES - 1, 0, 0, 0, QUIC_V1, sourceId.length),
    sourceId,
    Buffer.of(destinationId.length),
    destinationId,
    Buffer.of(0, 64, length),
    Buffer.alloc(PACKET_NUMBER_BYTES)
    // packet number 0, so the nonce is the iv as it is
  ]);
  const seal = createCipheriv("aes-128-gcm", expand(secret, "quic key", 16), expand(secret, "quic iv", 12)).setAAD(
    header
  );
  const sealed2 = Buffer.concat([seal.update(frame), seal.final(), seal.getAuthTag()]);
  const protect = createCipheriv("aes-128-ecb", expand(secret, "quic hp", 16), null);
  const mask = protect.update(sealed2.subarray(0, SAMPLE_BYTES));
  const numberAt = header.length - PACKET_NUMBER_BYTES;
  header.writeUInt8(header.readUInt8(0) ^ mask.readUInt8(0) & 15, 0);
  for (let index = 0; index < PACKET_NUMBER_BYTES; index++)
    header.writeUInt8(mask.readUInt8(1 + index), numberAt + index);
  return Buffer.concat([header, sealed2]);
}
var hmac = (key2, data) => createHmac("sha256", key2).update(data).digest();
function expand(secret, label, length) {
  const full = Buffer.from(`tls13 ${label}`);
  return hmac(secret, Buffer.concat([Buffer.of(0, length, full.length), full, Buffer.of(0, 1)])).subarray(0, length);
}

// packages/sdk/src/transport/quic/retry-token.ts
import { createCipheriv as createCipheriv2, createDecipheriv, randomBytes as randomBytes2 } from "node:crypto";
var RETRY_TOKEN_LIFETIME_MS = 1e4;
var NONCE_BYTES = 12;
var TAG_BYTES2 = 16;
var TIME_BYTES = 6;
var ALGORITHM = "aes-128-gcm";
var RetryTokens = class {
  #key = randomBytes2(16);
  #now;
  constructor(now) {
    this.#now = now;
  }
  seal(bearer, originalId) {
    const nonce = randomBytes2(NONCE_BYTES);
    const cipher = createCipheriv2(ALGORITHM, this.#key, nonce).setAAD(bearerBytes(bearer));
    const time = Buffer.alloc(TIME_BYTES);
    time.writeUIntBE(this.#now(), 0, TIME_BYTES);
    const sealed2 = Buffer.concat([cipher.update(time), cipher.update(originalId), cipher.final()]);
    return Buffer.concat([nonce, sealed2, cipher.getAuthTag()]);
  }
  /** @returns the connection id that the client chose first; `undefined` for a token forged, foreign or expired. */
  open(bearer, token) {
    if (token.byteLength < NONCE_BYTES + TIME_BYTES + TAG_BYTES2) return void 0;
    const decipher = createDecipheriv(ALGORITHM, this.#key, token.subarray(0, NONCE_BYTES)).setAAD(bearerBytes(bearer)).setAuthTag(token.subarray(-TAG_BYTES2));
    let opened;
    try {
      opened = Buffer.concat([decipher.update(token.subarray(NONCE_BYTES, -TAG_BYTES2)), decipher.final()]);
    } catch {
      return void 0;
    }
    const ageMs = this.#now() - opened.readUIntBE(0, TIME_BYTES);
    return ageMs >= 0 && ageMs <= RETRY_TOKEN_LIFETIME_MS ? opened.subarray(TIME_BYTES) : void 0;
  }
};
var bearerBytes = ({ host, port, connectionId }) => Buffer.concat([Buffer.from(`${host} ${port} `), connectionId]);

// packages/sdk/src/transport/quic/quic-listener.ts
var MIN_CLIENT_CHOSEN_ID_BYTES = 8;
var QuicListener = class {
  address;
  #endpoint;
  #quiche;
  #config;
  #options;
  #onConnection;
  #tokens;
  #connections = /* @__PURE__ */ new Set();
  #perHost = /* @__PURE__ */ new Map();
  #handshakes = 0;
  #closing;
  constructor(address, endpoint, quiche, config, options, onConnection) {
    this.address = address;
    this.#endpoint = endpoint;
    this.#quiche = quiche;
    this.#config = config;
    this.#options = options;
    this.#onConnection = onConnection;
    this.#tokens = new RetryTokens(() => options.clock.now());
    endpoint.onStranger = (datagram, from2) => {
      try {
        this.#meet(datagram, from2);
      } catch (error) {
        options.logger.debug({ error, from: from2 }, "a datagram was dropped");
      }
    };
  }
  sign(statement) {
    const key2 = createPrivateKey3(this.#options.tls?.privateKey ?? "");
    return new Uint8Array(sign2(key2.asymmetricKeyType === "ed25519" ? null : "sha256", statement, key2));
  }
  /** Connections held, those in their handshake included. */
  get connections() {
    return this.#connections.size;
  }
  async close(code = 0, reason = "") {
    this.#closing ??= this.#close(code, reason);
    await this.#closing;
  }
  async #close(code, reason) {
    this.#endpoint.onStranger = void 0;
    const open = [...this.#connections];
    for (const connection of open) connection.close(code, reason);
    await Promise.all(open.map((connection) => connection.closed));
    await this.#endpoint.close();
  }
  /** A datagram of no connection: only a client's first packet is worth an answer. */
  #meet(datagram, from2) {
    if (datagram.length < MIN_INITIAL_BYTES || !isLongHeader(datagram)) return;
    const header = readLongHeader(datagram);
    if (header === void 0 || header.version === 0) return;
    if (header.version !== QUIC_V1) {
      this.#answer(versionNegotiation(header), from2);
      return;
    }
    const { destinationId, sourceId } = header;
    if (header.type !== TYPE_INITIAL || destinationId.length < MIN_CLIENT_CHOSEN_ID_BYTES) return;
    const { token } = this.#quiche.Header.fromSlice(datagram, CONNECTION_ID_BYTES);
    if (token === void 0 || token.byteLength === 0) {
      const connectionId = randomBytes3(CONNECTION_ID_BYTES);
      const sealed2 = this.#tokens.seal({ ...from2, connectionId }, destinationId);
      const packet = Buffer.alloc(MAX_DATAGRAM_BYTES);
      const length = this.#quiche.retry(sourceId, destinationId, connectionId, sealed2, QUIC_V1, packet);
      this.#answer(packet.subarray(0, length), from2);
      return;
    }
    const originalId = this.#tokens.open({ ...from2, connectionId: destinationId }, token);
    if (originalId !== void 0) this.#accept(datagram, from2, header, originalId);
  }
  #accept(datagram, from2, header, originalId) {
    const connectionId = Buffer.from(header.destinationId);
    const { maxConnections, maxConnectionsPerAddress, maxHandshakes, handshakeTimeoutMs, clock } = this.#options;
    if (this.#handshakes >= maxHandshakes) return;
    const sameHost = this.#perHost.get(from2.host) ?? 0;
    if (this.#connections.size >= maxConnections || sameHost >= maxConnectionsPerAddress) {
      this.#answer(refusal(header), from2);
      return;
    }
    const native = this.#quiche.Connection.accept(connectionId, originalId, this.#endpoint.local, from2, this.#config);
    logKeys(native, this.#options.keyLogFolder, connectionId);
    let handshaking = true;
    let deadline;
    const handshakeOver = () => {
      if (handshaking) this.#handshakes--;
      handshaking = false;
      deadline?.cancel();
    };
    const connection = new QuicConnection({
      ...this.#options,
      keepAliveMs: this.#options.keepAliveMs,
      native,
      wire: this.#endpoint,
      side: "server",
      remote: from2,
      admit: () => {
        handshakeOver();
        this.#onConnection(connection);
      },
      ended: (end2) => {
        handshakeOver();
        this.#endpoint.unroute(connectionId);
        this.#connections.delete(connection);
        const left = (this.#perHost.get(from2.host) ?? 1) - 1;
        if (left === 0) this.#perHost.delete(from2.host);
        else this.#perHost.set(from2.host, left);
        this.#options.logger.debug({ from: from2, end: end2 }, "a connection ended");
      }
    });
    this.#handshakes++;
    this.#connections.add(connection);
    this.#perHost.set(from2.host, sameHost + 1);
    this.#endpoint.route(connectionId, connection);
    deadline = clock.setTimer(
      () => connection.abort(connectionLost(`its handshake took longer than ${handshakeTimeoutMs} ms`)),
      handshakeTimeoutMs
    );
    connection.receive(datagram, from2);
  }
  #answer(packet, to) {
    const buffer = this.#endpoint.packetBuffer();
    this.#endpoint.send(buffer, packet.copy(buffer), to);
  }
};

// packages/sdk/src/transport/quic/quic-transport.ts
function quicTransport(options = {}) {
  return new QuicTransport(resolveQuicOptions(options));
}
var QuicTransport = class {
  #options;
  #clientConfig;
  constructor(options) {
    this.#options = options;
  }
  async connect(address, options = {}) {
    const quiche = await loadQuiche();
    this.#clientConfig ??= clientConfig(quiche, this.#options);
    return await dial({ quiche, config: this.#clientConfig, options: this.#options, address }, options);
  }
  async listen({ host = "127.0.0.1", port = 0 }, onConnection) {
    const leaf = readServerCertificate(this.#options);
    const ip = host === "localhost" ? "127.0.0.1" : host;
    if (isIP3(ip) === 0) {
      throw new RedRoomError("ADDRESS_UNAVAILABLE", `unable to listen on ${host}; it is not an IP address`, {
        remedy: "give an address of this machine, or 0.0.0.0 or :: for all of them"
      });
    }
    const quiche = await loadQuiche();
    let config;
    try {
      config = serverConfig(quiche, this.#options);
    } catch (cause) {
      throw new RedRoomError(
        "CERTIFICATE_INVALID",
        "unable to listen; BoringSSL does not take the certificate or its key",
        {
          cause
        }
      );
    }
    const endpoint = await QuicEndpoint.bind(ip, port);
    const address = { host, port: endpoint.local.port, pin: pinOf(leaf) };
    return new QuicListener(address, endpoint, quiche, config, this.#options, onConnection);
  }
};

// packages/sdk/src/session/reconnect.ts
var DEFAULT_RECONNECT_DELAYS = { minDelayMs: 200, maxDelayMs: 15e3 };
function reconnectDelay(failures, retryAfterMs, { minDelayMs, maxDelayMs }, random) {
  const limit = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(failures, 52));
  const floor = retryAfterMs ?? 0;
  return Math.round(floor + random * Math.max(limit, floor));
}
var FINAL = /* @__PURE__ */ new Set([
  "LOGIN_FAILED",
  "VERSION_UNSUPPORTED",
  "PIN_MISMATCH",
  "CERTIFICATE_INVALID",
  "CERTIFICATE_EXPIRED",
  "LOG_FORK",
  "PROTOCOL_ERROR",
  "FRAME_TOO_LARGE",
  "ADDRESS_INVALID",
  "OPTIONS_INVALID",
  "PLATFORM_UNSUPPORTED",
  "ABORTED"
]);
function isFinal({ code }) {
  return FINAL.has(code);
}

// packages/sdk/src/client/client-options.ts
function settingsOf({
  auth,
  timeoutMs = 1e4,
  heartbeatMs,
  reconnect
}) {
  const delays = { ...DEFAULT_RECONNECT_DELAYS, ...reconnect };
  const { minDelayMs, maxDelayMs } = delays;
  for (const [name, value] of Object.entries({ timeoutMs, heartbeatMs, minDelayMs, maxDelayMs })) {
    if (value !== void 0 && !(value > 0)) {
      throw new RedRoomError("OPTIONS_INVALID", `unable to use ${name}; ${value} is not a number above 0`);
    }
  }
  return {
    timeoutMs,
    heartbeatMs,
    reconnect: reconnect === false ? void 0 : delays,
    asksAgain: typeof auth === "function"
  };
}

// packages/sdk/src/protocol/close-code.ts
var CLOSE_CODES = {
  /** The work is done. */
  normal: 0,
  /** The peer broke the protocol. */
  protocolError: 1,
  /** The server stops; come back later. */
  shuttingDown: 2,
  /** Login or a limit. */
  refused: 3,
  /** The user's session has ended: the password or the rights have changed, or it goes on over another connection. */
  revoked: 4,
  /** The peer does not read what it is sent; it may come back and go on where it stopped. Also resets a stream. */
  slowConsumer: 5
};

// packages/sdk/src/protocol/failure.ts
var wireCodes = new Set(WIRE_CODES);
function toFailure({ code, message, remedy, retryable, retryAfterMs }) {
  if (code === "STORE_UNAVAILABLE" || code === "STORE_CLOSED") return storeFailure(code);
  const told = wireCodes.has(code) && code !== "INTERNAL";
  return {
    code: told ? code : "INTERNAL",
    message: told ? cut(message) : "unable to serve; an internal error",
    ...told && remedy !== void 0 && { remedy: cut(remedy) },
    ...retryable && { retryable },
    ...retryAfterMs !== void 0 && { retryAfterMs }
  };
}
var storeFailure = (code) => ({
  code,
  message: "unable to store or read anything now; the server cannot use its store",
  retryable: true
});
var cut = (text) => text.slice(0, 300).toWellFormed();
function fromFailure({ code, message, ...options }) {
  return new RedRoomError(code, message, options);
}

// packages/sdk/src/session/client-phases.ts
function isAttempt(state) {
  return "step" in state;
}
function isUsable(state) {
  return state.phase === "online" || state.phase === "unavailable";
}

// packages/sdk/src/session/client-session.ts
var initialClientSession = { phase: "idle" };
var MIN_HEARTBEAT_MS = 10;
function stepClientSession(state, input, settings, moment) {
  if (state.phase === "closed" || state.phase === "failed") return [state, []];
  switch (input.type) {
    case "connect":
      return state.phase === "idle" ? attempt3(void 0, 0, void 0, settings, moment) : [state, []];
    case "credentials":
      return isAttempt(state) && state.step === "asking" ? answer(state, input.credentials, settings, moment) : [state, []];
    case "noCredentials":
      return isAttempt(state) && state.step === "asking" ? end(state, input.error, settings, moment) : [state, []];
    case "connected":
      if (!isAttempt(state) || state.step !== "dialling") return [state, []];
      return [enter({ ...state, step: "greeting" }), [send({ type: "hello", versions: [PROTOCOL_VERSION] })]];
    case "message":
      return receive(state, input.message, settings, moment);
    case "timer":
      return wake(state, settings, moment);
    case "lost":
      return lose(state, input.error, settings, moment);
    case "fail":
      return fail(state, input.error);
    case "connectNow":
      return state.phase === "offline" ? retry(state, settings, moment) : [state, []];
    case "close":
      return [{ phase: "closed" }, [...withdrawal(state), disconnect(CLOSE_CODES.normal, "")]];
  }
}
function attempt3(established, attempts, cause, { timeoutMs }, { now }, refused2) {
  const base = { established, attempts, cause, due: now + timeoutMs, refused: refused2 };
  if (established?.token !== void 0) return [enter({ ...base, step: "dialling" }), [{ type: "dial" }]];
  return [enter({ ...base, step: "asking" }), [{ type: "ask", refused: refused2 }]];
}
function answer(state, credentials, { timeoutMs }, { now }) {
  const answered = { ...state, credentials, due: now + timeoutMs };
  if (state.welcome !== void 0) return prove(answered, state.welcome);
  return [enter({ ...answered, step: "dialling" }), [{ type: "dial" }]];
}
function prove(state, welcome) {
  const token = state.established?.token;
  const proving = enter({ ...state, step: "proving", welcome });
  if (token !== void 0) return [proving, [send({ type: "resume", token })]];
  return [proving, state.credentials === void 0 ? [] : [send({ type: "login", ...state.credentials })]];
}
function receive(state, message, settings, moment) {
  if (message.type === "error" || message.type === "goodbye") {
    const [next, effects] = lose(state, fromFailure(message), settings, moment);
    return [next, [disconnect(CLOSE_CODES.normal, ""), ...effects]];
  }
  if (isAttempt(state)) {
    if (state.step === "greeting" && message.type === "welcome") return welcomed(state, message, settings);
    if (state.step === "proving" && state.welcome !== void 0) {
      if (message.type === "session") return confirmed(state, state.welcome, message, moment);
      if (message.type === "resumeRefused" && state.established?.token !== void 0) {
        const established = { ...state.established, token: void 0 };
        const due = moment.now + settings.timeoutMs;
        return [enter({ ...state, step: "asking", established, due }), [{ type: "ask", refused: void 0 }]];
      }
    }
  } else if (isUsable(state)) {
    if (message.type === "pong" && message.nonce < state.pings) return [{ ...state, answered: true }, []];
    if (message.type === "availability") return [available(state, message), []];
  }
  return fail(state, protocolError(`${message.type} has no place while ${state.phase}`));
}
function welcomed(state, message, settings) {
  const { version, limits } = message;
  if (version !== PROTOCOL_VERSION) {
    return fail(state, protocolError(`the server chose version ${version}, which was not offered`));
  }
  const logKey = fromBase64Url(message.logKey);
  if (logKey === void 0) return fail(state, protocolError("the log's key is not base64url"));
  const wanted = Math.min(message.heartbeatMs, settings.heartbeatMs ?? Number.POSITIVE_INFINITY);
  return prove(state, { limits, logKey, heartbeatMs: Math.max(MIN_HEARTBEAT_MS, wanted) });
}
function confirmed(state, welcome, message, { now }) {
  const { session: sessionId, token, resumed, user } = message;
  const { established, attempts } = state;
  if (resumed !== (established?.token !== void 0)) {
    return fail(state, protocolError(`the server says resumed: ${resumed}, which it was not asked for`));
  }
  if (established !== void 0 && established.user.id !== user.id) {
    const why = `these credentials are those of ${user.name}, the session is that of ${established.user.name}`;
    return fail(state, new RedRoomError("LOGIN_FAILED", `unable to go on; ${why}`));
  }
  return ping(
    {
      phase: "online",
      established: { ...welcome, sessionId, token, user },
      due: 0,
      attempts,
      pings: 0,
      answered: true,
      cause: void 0
    },
    now
  );
}
function ping(state, now) {
  const due = now + state.established.heartbeatMs;
  const next = { ...state, due, pings: state.pings + 1, answered: false };
  return [next, [send({ type: "ping", nonce: state.pings })]];
}
function available(state, message) {
  if (message.available) return { ...state, phase: "online", cause: void 0 };
  const reason = message.message ?? "unable to store or read anything now; the server cannot use its store";
  return { ...state, phase: "unavailable", cause: new RedRoomError("STORE_UNAVAILABLE", reason, { retryable: true }) };
}
function wake(state, settings, moment) {
  if (state.phase === "offline") return retry(state, settings, moment);
  if (isUsable(state)) return beat(state, settings, moment);
  if (!isAttempt(state)) return [state, []];
  const what = state.step === "asking" ? "obtain credentials" : "connect";
  const error = new RedRoomError("TIMEOUT", `unable to ${what} within ${settings.timeoutMs} ms`, { retryable: true });
  return end(state, error, settings, moment);
}
function beat(state, settings, moment) {
  const { heartbeatMs } = state.established;
  if (state.answered) return ping({ ...state, attempts: 0 }, moment.now);
  if (moment.now - state.due > heartbeatMs / 2) return ping(state, moment.now);
  const error = new RedRoomError("CONNECTION_LOST", `unable to reach the server; no answer for ${heartbeatMs} ms`, {
    retryable: true
  });
  return end(state, error, settings, moment);
}
function retry(state, settings, moment) {
  return attempt3(state.established, state.attempts + 1, state.cause, settings, moment);
}
function lose(state, error, settings, moment) {
  if (isUsable(state)) return end(state, error, settings, moment);
  if (!isAttempt(state)) return [state, []];
  if (state.step === "asking") {
    if (state.welcome === void 0) return [state, []];
    return isFinal(error) ? fail(state, error) : [enter({ ...state, welcome: void 0 }), []];
  }
  return end(state, error, settings, moment);
}
function end(state, error, settings, moment) {
  const { established, attempts } = state;
  const leaving = [...withdrawal(state), disconnect(CLOSE_CODES.normal, "")];
  const refused2 = isAttempt(state) && state.step === "proving" && error.code === "LOGIN_FAILED";
  if (refused2 && settings.asksAgain && state.refused === void 0) {
    const unproven = established && { ...established, token: void 0 };
    const [next, effects] = attempt3(unproven, attempts, error, settings, moment, error);
    return [next, [...leaving, ...effects]];
  }
  if (isFinal(error) || established === void 0 || settings.reconnect === void 0) return fail(state, error);
  const kept = error.code === "SESSION_REVOKED" ? { ...established, token: void 0 } : established;
  if (attempts === 0 && error.retryAfterMs === void 0) {
    const [next, effects] = attempt3(kept, 1, error, settings, moment);
    return [next, [...leaving, ...effects]];
  }
  const delayMs = reconnectDelay(Math.max(0, attempts - 1), error.retryAfterMs, settings.reconnect, moment.random);
  return [{ phase: "offline", established: kept, attempts, due: moment.now + delayMs, cause: error }, leaving];
}
function fail(state, cause) {
  const breach = cause.code === "LOG_FORK" || cause.code === "PROTOCOL_ERROR" || cause.code === "FRAME_TOO_LARGE";
  const code = breach || cause.code === "CERTIFICATE_INVALID" ? CLOSE_CODES.protocolError : CLOSE_CODES.normal;
  return [{ phase: "failed", cause }, [...withdrawal(state), disconnect(code, cause.message)]];
}
function enter(state) {
  const { established, step, welcome } = state;
  const connected = step === "greeting" || step === "proving" || welcome !== void 0;
  return { ...state, phase: established !== void 0 ? "resuming" : connected ? "authenticating" : "connecting" };
}
function withdrawal(state) {
  return isAttempt(state) && state.step === "asking" ? [{ type: "withdraw" }] : [];
}
var send = (message) => ({ type: "send", message });
function disconnect(code, reason) {
  return { type: "disconnect", code, reason };
}

// packages/sdk/src/channel/message-channel.ts
var MessageChannel = class {
  #stream;
  #decoder;
  #handler;
  #answering;
  /** Frames that have arrived and are not handed over yet. */
  #waiting = [];
  /** Why no message is handed over now. */
  #holds = /* @__PURE__ */ new Set();
  /** The peer does not read what it was sent. */
  #clogged = false;
  #delivering = false;
  #over = false;
  constructor(stream, options, handler) {
    this.#stream = stream;
    this.#answering = options.answering ?? false;
    this.#decoder = createFrameDecoder(options);
    this.#handler = handler;
    stream.handler = {
      onData: (bytes) => this.#receive(bytes),
      onEnd: () => {
        if (this.#over) return;
        if (this.#decoder.partial) this.#violate(protocolError("the stream ended within a frame"));
        else handler.onEnd();
      },
      onReset: (error) => {
        if (this.#over) return;
        this.#over = true;
        handler.onReset(error);
      },
      onDrain: () => {
        if (this.#over) return;
        this.#clogged = false;
        handler.onDrain();
        this.#deliver();
      }
    };
  }
  set maxFrameBytes(bytes) {
    this.#decoder.maxFrameBytes = bytes;
  }
  /** @returns `false` when the peer is behind and the caller should wait for `onDrain`. */
  send(message) {
    return this.sendEncoded(encodeMessage(message));
  }
  /** For a message that goes to many: encoded once, sent often. */
  sendEncoded(bytes) {
    const room = this.#stream.write(bytes);
    if (!room && this.#answering && !this.#over) {
      this.#clogged = true;
      this.#stream.pause();
    }
    return room;
  }
  end() {
    this.#stream.end();
  }
  /** @param code Of `CLOSE_CODES`; tells the peer why. */
  reset(code) {
    this.#over = true;
    this.#stream.reset(code);
  }
  /** @param reason Whoever pauses for a reason of their own resumes by it; others stay paused. */
  pause(reason = "") {
    this.#holds.add(reason);
    this.#stream.pause();
  }
  resume(reason = "") {
    if (this.#holds.delete(reason)) this.#deliver();
  }
  #receive(bytes) {
    if (this.#over) return;
    try {
      this.#waiting = this.#waiting.concat(this.#decoder.push(bytes));
    } catch (thrown) {
      this.#deliver();
      if (!this.#over) this.#violate(toRedRoomError(thrown, "INTERNAL", "read a message"));
      return;
    }
    this.#deliver();
  }
  get #stopped() {
    return this.#over || this.#holds.size > 0 || this.#clogged;
  }
  #deliver() {
    if (this.#delivering) return;
    this.#delivering = true;
    let next = 0;
    const frames = this.#waiting;
    try {
      for (; next < frames.length && !this.#stopped; next += 1) {
        const frame = frames[next];
        this.#handler.onMessage(decodeMessage(frame), frame.head.byteLength + frame.body.byteLength);
      }
    } catch (thrown) {
      this.#violate(toRedRoomError(thrown, "INTERNAL", "handle a message"));
    }
    this.#waiting = frames.slice(next);
    this.#delivering = false;
    if (!this.#stopped) this.#stream.resume();
  }
  #violate(error) {
    this.#over = true;
    this.#stream.reset();
    this.#handler.onViolation(error);
  }
};
var unexpected = (message, where) => protocolError(`${message.type} has no place ${where}`);

// packages/sdk/src/client/hashes.ts
function decodeHash(text) {
  const hash2 = fromBase64Url(text);
  if (hash2 === void 0) throw protocolError("a hash is not base64url");
  return hash2;
}
var decodeHashes = (texts) => texts.map(decodeHash);
function readFrontierOf(size, peaks) {
  const frontier = { size, peaks };
  if (!isFrontier(frontier)) throw protocolError(`${peaks.length} hashes are not the frontier of ${size} entries`);
  return frontier;
}

// packages/sdk/src/client/control-link.ts
var ControlLink = class {
  #handler;
  #abort = new AbortController();
  #connection;
  #channel;
  #over = false;
  constructor(transport, address, timeoutMs, handler) {
    this.#handler = handler;
    void this.#dial(transport, address, timeoutMs);
  }
  get connection() {
    return this.#connection;
  }
  send(message) {
    this.#channel?.send(message);
  }
  /** Ends the dial or the connection. Nothing is heard of it any more. */
  drop(code, reason) {
    this.#over = true;
    this.#abort.abort();
    this.#connection?.close(code, reason.slice(0, 200));
  }
  async #dial(transport, address, timeoutMs) {
    try {
      const connection = await transport.connect(address, { signal: this.#abort.signal, timeoutMs });
      if (this.#over) return connection.close();
      this.#connection = connection;
      this.#channel = this.#openControl(connection);
      void connection.closed.then((end2) => this.#lost(reasonOf(end2)));
      this.#handler.onConnected();
    } catch (thrown) {
      this.#lost(toRedRoomError(thrown, "UNREACHABLE", "connect"));
    }
  }
  #openControl(connection) {
    return new MessageChannel(
      connection.openStream(),
      { maxFrameBytes: maxFrameBytes(DEFAULT_LIMITS) },
      {
        onMessage: (message) => this.#receive(message, connection),
        // The connection's own end, which says why, follows; if it does not, that is as good as lost.
        onEnd: () => connection.close(),
        onReset: () => connection.close(),
        onViolation: (error) => this.#breach(error),
        onDrain: () => {
        }
      }
    );
  }
  #receive(message, { peerKey }) {
    if (this.#over) return;
    if (message.type === "welcome" && peerKey !== void 0 && !isCertified(message, peerKey)) {
      const why = "its key is not certified by the server's";
      this.#breach(new RedRoomError("CERTIFICATE_INVALID", `unable to trust the server's log; ${why}`));
    } else {
      this.#handler.onMessage(message);
    }
  }
  #lost(error) {
    if (this.#over) return;
    this.#over = true;
    this.#handler.onLost(error);
  }
  #breach(error) {
    if (this.#over) return;
    this.#over = true;
    this.#connection?.close(CLOSE_CODES.protocolError, error.message.slice(0, 200));
    this.#handler.onBreach(error);
  }
};
function isCertified({ logKey, logKeyCertificate }, peerKey) {
  const certificate = logKeyCertificate === void 0 ? void 0 : fromBase64Url(logKeyCertificate);
  return verifyLogKey(decodeHash(logKey), certificate ?? new Uint8Array(), peerKey);
}
var TOLD = {
  [CLOSE_CODES.protocolError]: { code: "PROTOCOL_ERROR", what: "says that this client broke the protocol" },
  [CLOSE_CODES.shuttingDown]: { code: "SHUTTING_DOWN", what: "is shutting down, or has not heard us" },
  [CLOSE_CODES.revoked]: { code: "SESSION_REVOKED", what: "has ended the session" },
  [CLOSE_CODES.slowConsumer]: { code: "SLOW_CONSUMER", what: "could not send as fast as messages came" }
};
function reasonOf({ by, code, reason, error }) {
  const told = by === "peer" ? TOLD[code] : void 0;
  if (told !== void 0) {
    const why = reason === "" ? "" : ` (${reason})`;
    return new RedRoomError(told.code, `unable to go on; the server ${told.what}${why}`, {
      retryable: code !== CLOSE_CODES.protocolError
    });
  }
  return error ?? new RedRoomError("CONNECTION_CLOSED", "unable to go on; the connection was closed", { retryable: true });
}

// packages/sdk/src/client/connection-driver.ts
var ConnectionDriver = class {
  #options;
  #onChange;
  /** What happens while a step is being carried out waits for its end. */
  #inputs = [];
  #stepping = false;
  #session = initialClientSession;
  #link;
  #timer;
  #asking;
  /** @param onChange Called whenever the phase has changed, when all is done that this asks for. */
  constructor(options, onChange) {
    this.#options = options;
    this.#onChange = onChange;
  }
  get session() {
    return this.#session;
  }
  /** The newest connection; it may have ended. */
  get connection() {
    return this.#link?.connection;
  }
  step(input) {
    this.#inputs.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== void 0; next = this.#inputs.shift()) this.#take(next);
    } finally {
      this.#stepping = false;
    }
  }
  #take(input) {
    const { clock, random, settings } = this.#options;
    const before = this.#session;
    const [after, effects] = stepClientSession(before, input, settings, { now: clock.now(), random: random() });
    this.#session = after;
    for (const effect of effects) this.#run(effect);
    this.#setTimer("due" in after ? after.due : void 0);
    if (before.phase !== after.phase) this.#onChange(before, after);
  }
  #run(effect) {
    switch (effect.type) {
      case "ask":
        void this.#ask(effect.refused);
        return;
      case "withdraw":
        this.#asking?.abort();
        return;
      case "dial":
        this.#link = this.#dial();
        return;
      case "send":
        this.#link?.send(effect.message);
        return;
      case "disconnect":
        this.#link?.drop(effect.code, effect.reason);
    }
  }
  #dial() {
    const { transport, address, settings } = this.#options;
    return new ControlLink(transport, address, settings.timeoutMs, {
      onConnected: () => this.step({ type: "connected" }),
      onMessage: (message) => this.step({ type: "message", message }),
      onLost: (error) => this.step({ type: "lost", error }),
      onBreach: (error) => this.step({ type: "fail", error })
    });
  }
  async #ask(refused2) {
    const { auth } = this.#options;
    const asking = new AbortController();
    const { signal } = asking;
    this.#asking = asking;
    try {
      const request2 = { signal, ...refused2 !== void 0 && { refused: refused2 } };
      const credentials = typeof auth === "function" ? await obtain(auth, request2) : auth;
      if (!signal.aborted) this.step({ type: "credentials", credentials });
    } catch (thrown) {
      if (!signal.aborted) this.step({ type: "noCredentials", error: thrown });
    }
  }
  #setTimer(due) {
    if (this.#timer?.due === due) return;
    this.#timer?.timer.cancel();
    this.#timer = void 0;
    if (due === void 0) return;
    const { clock } = this.#options;
    const onTime = () => {
      this.#timer = void 0;
      this.step({ type: "timer" });
    };
    this.#timer = { due, timer: clock.setTimer(onTime, Math.max(0, due - clock.now())) };
  }
};
async function obtain(source, request2) {
  let credentials;
  try {
    const { name, password } = await source(request2);
    credentials = { name, password };
  } catch (cause) {
    if (cause instanceof RedRoomError && cause.code === "ABORTED") throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RedRoomError("CREDENTIALS_UNAVAILABLE", `unable to obtain credentials; ${reason}`, {
      cause,
      retryable: true
    });
  }
  checkMessage({ type: "login", ...credentials });
  return credentials;
}

// packages/sdk/src/evidence/log-follower.ts
var LogTrust = class {
  log;
  #checkpoint;
  constructor(log, checkpoint) {
    this.log = log;
    this.#checkpoint = checkpoint;
  }
  get checkpoint() {
    return this.#checkpoint;
  }
  /** @throws {RedRoomError} `PROTOCOL_ERROR` unless the note is a checkpoint of this log, signed with its key. */
  open(note2) {
    const checkpoint = openCheckpoint(note2, this.log);
    if (checkpoint === void 0) {
      throw new RedRoomError(
        "PROTOCOL_ERROR",
        `unable to trust a checkpoint; the key of ${this.log.origin} did not sign it`
      );
    }
    return { ...checkpoint, note: note2 };
  }
  /** Takes a checkpoint that is known to be consistent with the present one. */
  advance(checkpoint) {
    if (this.#checkpoint === void 0 || checkpoint.size > this.#checkpoint.size) this.#checkpoint = checkpoint;
  }
  /**
   * Takes a checkpoint by a consistency proof between it and the present one, whichever is larger.
   *
   * @throws {RedRoomError} `LOG_FORK`.
   */
  reconcile(checkpoint, proof) {
    const known2 = this.#checkpoint;
    if (known2 !== void 0) {
      const [first, second] = checkpoint.size < known2.size ? [checkpoint, known2] : [known2, checkpoint];
      if (!verifyConsistency(first, second, proof)) throw logFork(this.log.origin, known2.note, checkpoint.note);
    }
    this.advance(checkpoint);
  }
};
var LogFollower = class {
  #trust;
  #frontier;
  /** The size of a trusted checkpoint that this tree is known to contain. */
  #linked = -1;
  /** The newest checkpoint that fits this tree while it is unknown whether the trusted one does. */
  #open;
  /** @param frontier What the server says that came before; it is believed once a checkpoint fits what grows on it. */
  constructor(trust, frontier) {
    this.#trust = trust;
    this.#frontier = frontier;
    this.#compare();
  }
  get size() {
    return this.#frontier.size;
  }
  get frontier() {
    return this.#frontier;
  }
  /** @throws {RedRoomError} `LOG_FORK` when this tree, at a trusted checkpoint's size, has another root. */
  append(leafHash) {
    this.#frontier = appendLeaf(this.#frontier, leafHash).frontier;
    this.#compare();
  }
  /**
   * Holds the tree against the signed checkpoint of its present size, see `check`.
   *
   * @throws {RedRoomError} `PROTOCOL_ERROR`, `LOG_FORK`.
   */
  verify(note2) {
    return this.check(this.#trust.open(note2));
  }
  /**
   * Holds the tree against a checkpoint of its present size whose signature was verified.
   *
   * @returns The checkpoint when it must still be reconciled with the trusted one, by a consistency proof; then `confirm`
   * it.
   * @throws {RedRoomError} `PROTOCOL_ERROR`, `LOG_FORK`.
   */
  check(checkpoint) {
    const { log, checkpoint: known2 } = this.#trust;
    const { note: note2 } = checkpoint;
    if (checkpoint.size !== this.#frontier.size) {
      throw new RedRoomError(
        "PROTOCOL_ERROR",
        `unable to verify ${log.origin}; a checkpoint of ${checkpoint.size} entries came behind entry ${this.size}`
      );
    }
    if (!equalHashes(checkpoint.root, rootOf(this.#frontier))) throw logFork(log.origin, note2, void 0);
    if (known2 !== void 0 && known2.size !== this.#linked) {
      if (known2.size !== checkpoint.size) {
        this.#open = checkpoint;
        return checkpoint;
      }
      if (!equalHashes(known2.root, checkpoint.root)) throw logFork(log.origin, known2.note, note2);
    }
    this.#link(checkpoint);
    return void 0;
  }
  /**
   * The checkpoint was reconciled with the trusted one.
   *
   * @returns The next one that must be, where another has come meanwhile.
   */
  confirm(checkpoint) {
    if (this.#trust.checkpoint?.size === checkpoint.size) this.#link(this.#open ?? checkpoint);
    else if (this.#open?.size === checkpoint.size) this.#open = void 0;
    return this.#open;
  }
  #link(checkpoint) {
    this.#trust.advance(checkpoint);
    this.#linked = checkpoint.size;
    this.#open = void 0;
  }
  #compare() {
    const known2 = this.#trust.checkpoint;
    if (known2 === void 0 || known2.size !== this.#frontier.size) return;
    if (!equalHashes(known2.root, rootOf(this.#frontier))) throw logFork(this.#trust.log.origin, known2.note, void 0);
    this.#link(known2);
  }
};
function logFork(origin, known2, shown) {
  const what = shown === void 0 ? "its entries do not fit the checkpoint it signed" : "it has signed two that exclude each other";
  return new RedRoomError("LOG_FORK", `unable to trust the log ${origin}; ${what}`, {
    remedy: "keep the checkpoints of this error: they prove that the record was changed; talk to the operator",
    evidence: { origin, known: known2, ...shown !== void 0 && { shown } }
  });
}

// packages/sdk/src/client/known-logs.ts
var KnownLogs = class {
  #earlier;
  #trust = /* @__PURE__ */ new Map();
  /**
   * @param earlier Checkpoints by topic id, as `checkpoints` has them.
   * @throws {RedRoomError} `OPTIONS_INVALID` for what is not a checkpoint of its topic.
   */
  constructor(earlier) {
    for (const [topicId, note2] of earlier) {
      if (readCheckpoint(note2)?.origin === originOf(topicId)) continue;
      throw new RedRoomError("OPTIONS_INVALID", `unable to trust a checkpoint; it is not one of the topic ${topicId}`);
    }
    this.#earlier = earlier;
  }
  /** The newest one of each topic, by the topic's id. */
  get checkpoints() {
    const notes = [...this.#trust].flatMap(
      ([id2, { checkpoint }]) => checkpoint ? [[id2, checkpoint.note]] : []
    );
    return new Map([...this.#earlier, ...notes]);
  }
  /** Another log key, where the server has changed it, vouches for the same log: what was trusted is kept. */
  trust(topicId, publicKey) {
    const known2 = this.#trust.get(topicId);
    if (known2 !== void 0 && equalHashes(known2.log.publicKey, publicKey)) return known2;
    const note2 = known2?.checkpoint?.note ?? this.#earlier.get(topicId);
    const checkpoint = note2 === void 0 ? void 0 : readCheckpoint(note2);
    const log = { origin: originOf(topicId), publicKey };
    const trust = new LogTrust(log, checkpoint && note2 !== void 0 ? { ...checkpoint, note: note2 } : void 0);
    this.#trust.set(topicId, trust);
    return trust;
  }
};

// packages/sdk/src/client/sending.ts
var Sending = class {
  id;
  kind;
  text;
  re;
  #stored;
  #clock;
  #onState;
  #receivedBy = /* @__PURE__ */ new Set();
  #waiting = /* @__PURE__ */ new Set();
  #resolve = () => {
  };
  #reject = () => {
  };
  #state = "queued";
  /** All who are awaited have it. */
  #complete = false;
  /** Why nothing more will be heard of it. */
  #error;
  constructor(message, clock, onState) {
    this.id = message.id;
    this.kind = message.kind;
    this.text = message.text;
    this.re = message.re;
    this.#clock = clock;
    this.#onState = onState;
    this.#stored = new Promise((resolve2, reject) => {
      this.#resolve = resolve2;
      this.#reject = reject;
    });
  }
  get state() {
    return this.#state;
  }
  /** The names of those who have confirmed that they have it. Only known where the topic is also read. */
  get receivedBy() {
    return this.#receivedBy;
  }
  // biome-ignore lint/suspicious/noThenProperty: being awaited is what this class is for
  then(onStored, onFailed) {
    return this.#stored.then(onStored, onFailed);
  }
  /**
   * Waits until others have confirmed that they have received it, as the record says. As long as nobody else is in the
   * topic, nobody has.
   *
   * @throws {RedRoomError} `OPTIONS_INVALID` where the topic was opened without reading; `TIMEOUT`, `ABORTED`; what the
   * message failed with; `CONNECTION_CLOSED` when the client closes.
   */
  async delivered({ by = "all", signal, timeoutMs } = {}) {
    if (this.#error !== void 0) throw this.#error;
    if (signal?.aborted) throw gaveUp(signal);
    if (this.#reached(by)) return this.#delivered;
    return new Promise((resolve2, reject) => {
      const settle = (how) => {
        return (value) => {
          this.#waiting.delete(waiter);
          timer?.cancel();
          signal?.removeEventListener("abort", onAbort);
          how(value);
        };
      };
      const waiter = { by, resolve: settle(resolve2), reject: settle(reject) };
      const onAbort = () => waiter.reject(gaveUp(signal));
      const timer = timeoutMs === void 0 ? void 0 : this.#clock.setTimer(() => waiter.reject(tooLate(timeoutMs, this.#receivedBy.size)), timeoutMs);
      signal?.addEventListener("abort", onAbort);
      this.#waiting.add(waiter);
    });
  }
  /** @internal It has left for the network. */
  sent() {
    if (this.#state === "queued") this.#enter("sent");
  }
  /** @internal The connection was lost before the answer came. */
  requeued() {
    if (this.#state === "sent") this.#enter("queued");
  }
  /** @internal */
  stored(stored) {
    this.#resolve(stored);
    this.#enter("stored");
    if (this.#complete) this.#enter("delivered");
  }
  /** @internal @param complete Whether all who are awaited now have it. */
  received(names, complete) {
    for (const name of names) this.#receivedBy.add(name);
    this.#complete ||= complete;
    if (this.#state === "stored" && this.#complete) this.#enter("delivered");
    for (const waiter of [...this.#waiting]) if (this.#reached(waiter.by)) waiter.resolve(this.#delivered);
  }
  /** @internal */
  fail(error) {
    this.#reject(error);
    this.#enter("failed");
    this.unfollow(error);
  }
  /** @internal Nothing more will be heard of who receives it. */
  unfollow(error) {
    this.#error ??= error;
    for (const waiter of [...this.#waiting]) waiter.reject(error);
  }
  #reached(by) {
    return this.#receivedBy.size > 0 && (by === "any" || this.#complete);
  }
  get #delivered() {
    return { by: [...this.#receivedBy] };
  }
  #enter(state) {
    this.#state = state;
    this.#onState(this);
  }
};
var gaveUp = (signal) => new RedRoomError("ABORTED", "unable to wait for the delivery; the caller gave up", { cause: signal?.reason });
var tooLate = (timeoutMs, count2) => new RedRoomError("TIMEOUT", `unable to see the delivery; within ${timeoutMs} ms ${count2} have confirmed it`, {
  retryable: true
});

// packages/sdk/src/client/outbox.ts
var DEFAULT_OUTBOX_LIMITS = { maxMessages: 1024, maxBytes: 16 * 1024 * 1024 };
var Outbox = class {
  #limits;
  #waiting = /* @__PURE__ */ new Map();
  /** Those not handed to this connection's stream yet. */
  #unsent = [];
  /** Those handed over that have not left for the network yet. */
  #leaving = [];
  #bytes = 0;
  constructor(limits) {
    this.#limits = limits;
  }
  get size() {
    return this.#waiting.size;
  }
  /** The message that waits under this id. */
  find(id2) {
    return this.#waiting.get(id2)?.sending;
  }
  /**
   * Checks a message and takes it.
   *
   * @throws {RedRoomError} `TEXT_INVALID`, `TEXT_TOO_LARGE`, `OUTBOX_FULL`, `OPTIONS_INVALID`.
   */
  add(text, { kind = "note", re, id: id2 = randomId() }, { maxTextBytes }, clock, onState) {
    if (!text.isWellFormed()) throw new RedRoomError("TEXT_INVALID", "unable to send; the text is not Unicode");
    if (text === "") throw new RedRoomError("TEXT_INVALID", "unable to send; the text is empty");
    const body = utf8(text);
    if (body.byteLength > maxTextBytes) {
      throw new RedRoomError(
        "TEXT_TOO_LARGE",
        `unable to send; the text has ${body.byteLength} bytes, the limit is ${maxTextBytes}`
      );
    }
    const { maxMessages, maxBytes } = this.#limits;
    if (this.#waiting.size >= maxMessages || this.#bytes + body.byteLength > maxBytes) {
      throw new RedRoomError(
        "OUTBOX_FULL",
        `unable to send; ${this.#waiting.size} messages of ${this.#bytes} bytes wait to be stored, the limits are ${maxMessages} and ${maxBytes}`,
        { retryable: true, remedy: "wait for earlier messages before sending more" }
      );
    }
    const message = { type: "publish", id: id2, kind, ...re !== void 0 && { re }, body };
    checkMessage(message);
    if (this.#waiting.has(id2)) throw new RedRoomError("OPTIONS_INVALID", `unable to send; ${id2} is on its way already`);
    const sending = new Sending({ id: id2, kind, text, re }, clock, onState);
    const entry = { sending, message };
    this.#waiting.set(id2, entry);
    this.#unsent.push(entry);
    this.#bytes += body.byteLength;
    return sending;
  }
  /** @returns The message that was waiting. */
  stored(answer2) {
    const sending = this.#take(answer2.id);
    sending?.stored(answer2);
    return sending;
  }
  refused(id2, error) {
    this.#take(id2)?.fail(error);
  }
  /** Hands over what is left, in call order. @param publish Answers `false` when the network is behind. */
  send(publish) {
    let room = true;
    for (const { message, sending } of this.#unsent.splice(0)) {
      this.#leaving.push(sending);
      room = publish(message);
    }
    if (room) this.flushed();
  }
  /** Everything handed over so far has left for the network. */
  flushed() {
    for (const sending of this.#leaving.splice(0)) sending.sent();
  }
  /** The connection was lost: whatever has no answer is sent again on the next one, under the same ids, in the same order. */
  requeue() {
    this.#leaving = [];
    this.#unsent = [...this.#waiting.values()];
    for (const { sending } of this.#unsent) sending.requeued();
  }
  /** @returns How many there were. */
  failAll(error) {
    const { size } = this.#waiting;
    this.#unsent = [];
    this.#leaving = [];
    for (const id2 of [...this.#waiting.keys()]) this.refused(id2, error);
    return size;
  }
  #take(id2) {
    const entry = this.#waiting.get(id2);
    if (entry === void 0) return void 0;
    this.#waiting.delete(id2);
    this.#bytes -= entry.message.body.byteLength;
    return entry.sending;
  }
};

// packages/sdk/src/client/link.ts
function isBreach(error) {
  return error instanceof RedRoomError && (error.code === "LOG_FORK" || error.code === "PROTOCOL_ERROR");
}
var INTERRUPTIONS = /* @__PURE__ */ new Set([
  "CONNECTION_LOST",
  "CONNECTION_CLOSED",
  "STREAM_RESET",
  "STREAM_CLOSED",
  "SHUTTING_DOWN",
  "SLOW_CONSUMER",
  "SESSION_REVOKED"
]);
function isInterruption({ code }) {
  return INTERRUPTIONS.has(code);
}

// packages/sdk/src/client/request.ts
async function request(link, message) {
  checkMessage(message);
  return new Promise((resolve2, reject) => {
    const response = [];
    const channel = new MessageChannel(
      link.connection.openStream(),
      { maxFrameBytes: maxFrameBytes(link.limits) },
      {
        onMessage: (answer2) => {
          if (answer2.type === "error") reject(fromFailure(answer2));
          else response.push(answer2);
        },
        onEnd: () => {
          if (response.length > 0) resolve2(response);
          else reject(new RedRoomError("PROTOCOL_ERROR", "unable to read the answer; there was none"));
        },
        onReset: (error) => reject(interrupted(error)),
        onViolation: (error) => {
          reject(error);
          link.violated(error);
        },
        onDrain: () => {
        }
      }
    );
    channel.send(message);
    channel.end();
  });
}
function interrupted(error) {
  if (!isInterruption(error) || error.retryable) return error;
  return new RedRoomError(error.code, error.message, { cause: error, retryable: true });
}
function expectLast(response, type) {
  const last = response.at(-1);
  if (last?.type !== type) throw protocolError(`the server answered ${last?.type} where ${type} was expected`);
  return last;
}

// packages/sdk/src/client/deliveries.ts
var MAX_FOLLOWED = 1024;
var Deliveries = class {
  #names = /* @__PURE__ */ new Map();
  /** By seq, ascending: the record has them, and so do we. */
  #followed = /* @__PURE__ */ new Map();
  /** By id: acknowledged, and the entry itself is not here yet. */
  #expected = /* @__PURE__ */ new Map();
  /** A pseudonym's present name; who has one is a member. */
  member(pseudonym, name) {
    this.#names.set(pseudonym, name);
  }
  /** The message of ours, where its entry is still to come. */
  expected(id2) {
    return this.#expected.get(id2);
  }
  /** Whether the entry has come already. */
  follows(seq2) {
    return this.#followed.has(seq2);
  }
  /** A message was acknowledged; its entry, when it comes, says who wrote it. */
  expect(sending) {
    this.#expected.set(sending.id, sending);
    if (this.#expected.size + this.#followed.size > MAX_FOLLOWED) this.#dropOldest();
  }
  /** The entry of a message of ours. */
  follow(seq2, sending, isAuthor) {
    this.#expected.delete(sending.id);
    const others = [...this.#names].filter(([pseudonym, name]) => !isAuthor(pseudonym, name));
    this.#followed.set(seq2, { sending, isAuthor, awaited: new Set(others.map(([pseudonym]) => pseudonym)) });
    if (this.#expected.size + this.#followed.size > MAX_FOLLOWED) this.#dropOldest();
  }
  /** @returns The names of those who have received it. */
  received({ first, last, to }) {
    const known2 = to.flatMap((pseudonym) => {
      const name = this.#names.get(pseudonym);
      return name === void 0 ? [] : [{ pseudonym, name }];
    });
    for (const [seq2, { sending, awaited, isAuthor }] of this.#followed) {
      if (seq2 < first || seq2 > last) continue;
      for (const pseudonym of to) awaited.delete(pseudonym);
      const others = known2.filter(({ pseudonym, name }) => !isAuthor(pseudonym, name));
      if (others.length > 0)
        sending.received(
          others.map(({ name }) => name),
          awaited.size === 0
        );
    }
    return known2.map(({ name }) => name);
  }
  end(error) {
    for (const { sending } of this.#followed.values()) sending.unfollow(error);
    for (const sending of this.#expected.values()) sending.unfollow(error);
    this.#followed.clear();
    this.#expected.clear();
  }
  #dropOldest() {
    const [seq2, oldest] = [...this.#followed].at(0) ?? [];
    if (seq2 !== void 0) this.#followed.delete(seq2);
    const [id2, unseen] = seq2 === void 0 ? [...this.#expected].at(0) ?? [] : [];
    if (id2 !== void 0) this.#expected.delete(id2);
    const why = `${MAX_FOLLOWED} newer messages are followed`;
    (oldest?.sending ?? unseen)?.unfollow(
      new RedRoomError("TOO_MANY_REQUESTS", `unable to follow the delivery any longer; ${why}`)
    );
  }
};

// packages/sdk/src/client/message-feed.ts
var HIGH_WATER = 256;
var MessageFeed = class {
  #source;
  /** Messages, and the numbers of entries without a text. */
  #waiting = [];
  #waking = [];
  #paused = false;
  #over;
  constructor(source) {
    this.#source = source;
  }
  /** @param entry A message, or the seq of one whose text is withheld. */
  push(entry) {
    this.#waiting.push(entry);
    if (this.#waiting.length >= HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#wake();
  }
  /** Ends the iteration behind what waits; with an error, by throwing it. */
  finish(error) {
    this.#over ??= { error };
    this.#wake();
  }
  async next() {
    for (; ; ) {
      while (this.#waiting.length === 0 && this.#over === void 0) {
        await new Promise((resolve2) => {
          this.#waking.push(resolve2);
        });
      }
      const entry = this.#waiting.shift();
      if (entry === void 0) return this.#end();
      this.#goOn();
      if (typeof entry === "number") {
        this.#source.withheld(entry);
      } else {
        this.#source.taken(entry);
        return { done: false, value: entry };
      }
    }
  }
  async return() {
    this.#waiting.length = 0;
    this.#source.abandon();
    this.finish(void 0);
    return { done: true, value: void 0 };
  }
  #goOn() {
    if (!this.#paused || this.#waiting.length > HIGH_WATER / 4) return;
    this.#paused = false;
    if (this.#over === void 0) this.#source.resume();
  }
  #end() {
    const error = this.#over?.error;
    this.#over = { error: void 0 };
    if (error !== void 0) throw error;
    return { done: true, value: void 0 };
  }
  #wake() {
    for (const wake2 of this.#waking.splice(0)) wake2();
  }
  [Symbol.asyncIterator]() {
    return this;
  }
};

// packages/sdk/src/client/receipts.ts
var CONFIRM_MESSAGES = 64;
var CONFIRM_MS = 500;
var Receipts = class {
  #clock;
  /** @returns `false` when there is no way to the server now. */
  #send;
  #first = 1;
  #last = 0;
  #unconfirmed = 0;
  #timer;
  constructor(clock, send2) {
    this.#clock = clock;
    this.#send = send2;
  }
  /** Where the reader began. */
  begin(first) {
    this.#first = first;
  }
  received(seq2) {
    this.#last = seq2;
    this.#unconfirmed += 1;
    if (this.#unconfirmed >= CONFIRM_MESSAGES) this.flush();
    else this.#timer ??= this.#clock.setTimer(() => this.flush(), CONFIRM_MS);
  }
  /** On a new connection, once more: nobody knows whether the last one arrived. */
  repeat() {
    if (this.#last > 0) this.#confirm();
  }
  flush() {
    if (this.#unconfirmed > 0) this.#confirm();
    this.stop();
  }
  stop() {
    this.#timer?.cancel();
    this.#timer = void 0;
  }
  #confirm() {
    if (this.#send(this.#first, this.#last)) this.#unconfirmed = 0;
  }
};

// packages/sdk/src/protocol/entry-body.ts
function packEntry({ author, leaf, content, salt }) {
  const leafLine = utf8(leaf);
  return {
    type: "entry",
    author,
    salt: toBase64Url(salt),
    leafBytes: leafLine.byteLength,
    body: concatBytes([leafLine, utf8(content)])
  };
}
function unpackEntry({ author, salt, leafBytes, body }) {
  if (leafBytes > body.byteLength) throw protocolError(`an entry's leaf of ${leafBytes} bytes does not fit its body`);
  try {
    return {
      author,
      leaf: fromUtf8(body.subarray(0, leafBytes)),
      content: fromUtf8(body.subarray(leafBytes)),
      salt: fromBase64Url(salt) ?? new Uint8Array(0)
    };
  } catch (error) {
    throw protocolError("an entry is not UTF-8", error);
  }
}

// packages/sdk/src/client/message.ts
function readEntry(entry, topicId, expectedSeq) {
  const { author, leaf, content, salt } = unpackEntry(entry);
  const fields = parseLeaf(leaf);
  const text = parseContent(content);
  if (fields === void 0 || text === void 0) throw protocolError(`entry ${expectedSeq} is not well formed`);
  const { topic: topic2, seq: seq2, id: id2, kind, by, at, re, commitment } = fields;
  if (topic2 !== topicId || seq2 !== expectedSeq) throw protocolError(`entry ${seq2} came in the place of ${expectedSeq}`);
  if (commit(salt, content) !== commitment) throw protocolError(`the text of entry ${seq2} is not the one committed to`);
  if (kind === "delivery") {
    const delivery = deliveryOf(fields, text);
    if (delivery === void 0 || delivery.last >= seq2) throw protocolError(`entry ${seq2} does not say who has what`);
    return { leaf, delivery };
  }
  const message = { seq: seq2, id: id2, kind, author, at: new Date(at), text, ...re !== void 0 && { re } };
  return { leaf, by, message };
}

// packages/sdk/src/client/reconcile.ts
var emptyHead = (origin) => ({ origin, size: 0, root: EMPTY_ROOT, note: "" });
function openHead(trust, size, note2) {
  const head = note2 === void 0 ? emptyHead(trust.log.origin) : trust.open(note2);
  if (head.size !== size) throw protocolError(`a log of ${size} entries came with the checkpoint of ${head.size}`);
  return head;
}
async function reconcile(link, topicId, checkpoint) {
  const trust = link.trust(topicId);
  const known2 = trust.checkpoint;
  if (known2 === void 0 && checkpoint.size === 0) return;
  if (known2 === void 0 || known2.size === checkpoint.size) return trust.reconcile(checkpoint, []);
  const [first, second] = checkpoint.size < known2.size ? [checkpoint.size, known2.size] : [known2.size, checkpoint.size];
  const proof = await prove2(link, topicId, first, second).catch((error) => {
    const refused2 = error instanceof RedRoomError && error.code === "PROOF_UNAVAILABLE";
    throw refused2 ? logFork(trust.log.origin, known2.note, checkpoint.note || void 0) : error;
  });
  if (trust.checkpoint?.size !== known2.size) return reconcile(link, topicId, checkpoint);
  trust.reconcile(checkpoint, proof);
}
async function prove2(link, topic2, first, second) {
  const response = await request(link, { type: "proveConsistency", topic: topic2, first, second });
  return decodeHashes(expectLast(response, "consistencyProof").hashes);
}

// packages/sdk/src/client/topic-stream.ts
var TopicStream = class {
  opened;
  #channel;
  #handler;
  #link;
  #start;
  #resolveOpened = () => {
  };
  #rejectOpened = () => {
  };
  #topic;
  /** The log as this stream sees it grow. */
  #follower;
  /** What the server had signed when the topic was opened. */
  #head;
  /** One proof is asked for at a time. */
  #reconciling = false;
  #over = false;
  constructor(link, topic2, start, handler) {
    const from2 = "behind" in start ? start.behind.size + 1 : start.from;
    const request2 = { type: "openTopic", ...topic2, ...from2 !== void 0 && { from: from2 } };
    checkMessage(request2);
    this.#handler = handler;
    this.#link = link;
    this.#start = start;
    this.opened = new Promise((resolve2, reject) => {
      this.#resolveOpened = resolve2;
      this.#rejectOpened = reject;
    });
    this.opened.catch(() => {
    });
    this.#channel = new MessageChannel(
      link.connection.openStream(),
      { maxFrameBytes: maxFrameBytes(link.limits) },
      {
        onMessage: (message) => this.#receive(message),
        onEnd: () => this.#finish(void 0),
        onReset: (error) => this.#finish(error),
        onViolation: (error) => {
          link.violated(error);
          this.#finish(error);
        },
        onDrain: () => handler.onDrain?.()
      }
    );
    this.#channel.send(request2);
  }
  /** The tree up to the last entry that came; `undefined` before the topic is open. */
  get frontier() {
    return this.#follower?.frontier;
  }
  /** @returns `false` when the server is behind; `onDrain` follows. */
  publish(message) {
    return this.#channel.send({ type: "publish", ...message });
  }
  confirm(first, last) {
    this.#channel.send({ type: "receipt", first, last });
  }
  pause() {
    this.#channel.pause();
  }
  resume() {
    this.#channel.resume();
  }
  /** Ends politely: the server answers what it took, then ends too, and `onOver` follows. */
  end() {
    this.#channel.end();
  }
  /** Ends at once. `onOver` is not called any more. */
  abandon() {
    this.#over = true;
    this.#channel.reset();
  }
  #receive(message) {
    if (this.#over) return;
    if (message.type === "error") this.#finish(fromFailure(message));
    else if (this.#topic === void 0 || this.#follower === void 0) this.#open(message);
    else if (message.type === "ack" || message.type === "refused") this.#handler.onAnswer?.(message);
    else if (message.type === "member") this.#handler.onMember?.(message.id, message.name);
    else this.#follow(message, this.#topic, this.#follower);
  }
  #follow(message, topic2, follower) {
    if (message.type === "entry") {
      const { leaf, ...read } = readEntry(message, topic2.id, follower.size + 1);
      this.#grow(hashLeaf(leaf), follower);
      if (read.delivery !== void 0) this.#handler.onDelivery?.(read.delivery);
      else this.#handler.onMessage?.(read.message, read.by);
    } else if (message.type === "placeholder") {
      this.#grow(decodeHash(message.leafHash), follower);
      this.#handler.onWithheld?.(follower.size);
    } else if (message.type === "checkpoint") {
      void this.#reconcile(follower.verify(message.note), follower);
    } else {
      throw unexpected(message, "on a topic stream");
    }
  }
  /** History is held against the head that was signed for it, whether or not the server sends that checkpoint again. */
  #grow(leafHash, follower) {
    follower.append(leafHash);
    if (this.#head?.size === follower.size) void this.#reconcile(follower.check(this.#head), follower);
  }
  /** Resolves when the checkpoint and the trusted one are known to be of one log; if they cannot be, all ends. */
  async #reconcile(checkpoint, follower) {
    if (checkpoint === void 0 || this.#reconciling) return;
    this.#reconciling = true;
    try {
      let open = checkpoint;
      while (open !== void 0 && !this.#over) {
        await reconcile(this.#link, this.#topic?.id ?? "", open);
        open = follower.confirm(open);
      }
    } catch (thrown) {
      this.#fail(toRedRoomError(thrown, "INTERNAL", "verify the log"));
    } finally {
      this.#reconciling = false;
    }
  }
  #open(message) {
    if (message.type !== "topicOpened") throw unexpected(message, "before a topic is open");
    const { topic: topic2, checkpoint } = message;
    const trust = this.#link.trust(topic2.id);
    const head = openHead(trust, topic2.head, checkpoint);
    const before = sizeBefore(this.#start, topic2.head);
    const frontier = readFrontierOf(before, decodeHashes(message.frontier));
    this.#topic = topic2;
    if ("behind" in this.#start && !equalFrontiers(this.#start.behind, frontier)) return void this.#expose(head);
    const follower = new LogFollower(trust, frontier);
    this.#head = head;
    this.#follower = follower;
    this.#handler.onOpened?.(topic2, before + 1);
    const shrunk = head.size < (trust.checkpoint?.size ?? 0);
    const open = before === head.size && head.size > 0 ? follower.check(head) : shrunk ? head : void 0;
    void this.#reconcile(open, follower).then(() => this.#resolveOpened(topic2));
  }
  /** What we have read is no longer what the record begins with. Two signed heads are better evidence of it than entries. */
  async #expose(head) {
    this.#channel.pause();
    const { log, checkpoint } = this.#link.trust(this.#topic?.id ?? "");
    const [error] = await Promise.allSettled([reconcile(this.#link, this.#topic?.id ?? "", head)]);
    const signed = error.status === "rejected" && isBreach(error.reason) ? error.reason : void 0;
    this.#fail(signed ?? logFork(log.origin, checkpoint?.note ?? "", head.note || void 0));
  }
  #fail(error) {
    if (isBreach(error)) this.#link.violated(error);
    this.#finish(error);
    this.#channel.reset();
  }
  #finish(error) {
    if (this.#over) return;
    this.#over = true;
    this.#channel.end();
    if (error !== void 0) this.#rejectOpened(error);
    this.#handler.onOver(error);
  }
};
function sizeBefore(start, head) {
  if ("behind" in start) return start.behind.size;
  return start.from === void 0 || start.from === 0 ? head : start.from - 1;
}
function equalFrontiers(one, other) {
  return one.size === other.size && one.peaks.every((peak, index) => equalHashes(peak, other.peaks[index]));
}

// packages/sdk/src/client/topic-reader.ts
var TopicReader = class {
  #host;
  #title;
  #from;
  #handler;
  #receipts;
  /** Resolves when it is open for the first time and what the server has shown of the record is verified. */
  opened;
  #resolveOpened = () => {
  };
  #rejectOpened = () => {
  };
  #stream;
  /** The stream is open: the server has said so. */
  #ready = false;
  /** As it was when it was first opened. */
  #topic;
  #first = 0;
  /** The tree behind the last entry that came. */
  #behind;
  #paused = false;
  #ending = false;
  #over = false;
  #failures = 0;
  #retry;
  constructor(host, title, from2, handler) {
    this.#host = host;
    this.#title = title;
    this.#from = from2;
    this.#handler = handler;
    this.#receipts = new Receipts(host.clock, (first, last) => {
      if (this.#ready) this.#stream?.confirm(first, last);
      return this.#ready;
    });
    this.opened = new Promise((resolve2, reject) => {
      this.#resolveOpened = resolve2;
      this.#rejectOpened = reject;
    });
    this.opened.catch(() => {
    });
  }
  /** Whether it brings entries. */
  get reads() {
    return this.#from !== void 0;
  }
  get ready() {
    return this.#ready;
  }
  /** The session is online: go on. */
  attach(link) {
    this.#stopRetry();
    if (this.#over || this.#paused || this.#stream !== void 0) return;
    try {
      this.#stream = this.#open(link);
    } catch (thrown) {
      this.#interrupted(thrown);
    }
  }
  /** The connection is lost: `attach` follows when there is another. */
  suspend(error) {
    if (this.#over) return;
    this.#stream?.abandon();
    if (this.#stream !== void 0) this.#onStreamOver(error);
    this.#stopRetry();
  }
  publish(message) {
    return this.#stream?.publish(message) ?? false;
  }
  /** The application has got a message that somebody else wrote. */
  received(seq2) {
    if (!this.#over) this.#receipts.received(seq2);
  }
  pause() {
    this.#paused = true;
    this.#stream?.pause();
  }
  resume() {
    this.#paused = false;
    this.#stream?.resume();
    const link = this.#host.link();
    if (link !== void 0) this.attach(link);
  }
  /** Ends politely: what was published is answered first. @param pending Whether there is anything to be answered. */
  end(pending) {
    this.#ending = true;
    if (this.#ready) this.#leave();
    else if (!pending) this.finish(void 0);
  }
  /** Ends at once, and silently. */
  abandon() {
    this.#receipts.flush();
    this.#close();
    this.#stream?.abandon();
  }
  finish(error) {
    if (this.#over) return;
    this.#close();
    this.#rejectOpened(
      error ?? new RedRoomError("CONNECTION_CLOSED", "unable to open the topic; it was closed meanwhile")
    );
    this.#handler.onOver(error);
  }
  #open(link) {
    const topic2 = this.#topic === void 0 ? { title: this.#title } : { id: this.#topic.id };
    const start = this.#behind === void 0 ? { from: this.#from } : { behind: this.#behind };
    const stream = new TopicStream(link, topic2, start, {
      onOpened: (info, first) => this.#onOpened(info, first),
      onMessage: (message, by) => {
        this.#handler.onMessage?.(message, message.seq > (this.#topic?.head ?? 0), by);
      },
      onDelivery: (delivery) => this.#handler.onDelivery?.(delivery),
      onWithheld: (seq2) => this.#handler.onWithheld?.(seq2),
      onMember: (pseudonym, name) => this.#handler.onMember?.(pseudonym, name),
      onAnswer: (answer2) => this.#handler.onAnswer?.(answer2),
      onDrain: () => this.#handler.onDrain?.(),
      onOver: (error) => this.#onStreamOver(error)
    });
    void stream.opened.then(this.#resolveOpened, () => {
    });
    return stream;
  }
  #onOpened(topic2, first) {
    this.#ready = true;
    this.#failures = 0;
    if (this.#topic === void 0) {
      this.#topic = topic2;
      this.#first = first;
      this.#receipts.begin(first);
    }
    this.#handler.onOpened?.(topic2, this.#first);
    this.#receipts.repeat();
    if (this.#ending) this.#leave();
  }
  #onStreamOver(error) {
    if (this.#over) return;
    if (this.reads) this.#behind = this.#stream?.frontier ?? this.#behind;
    this.#stream = void 0;
    this.#ready = false;
    this.#receipts.stop();
    if (error === void 0 && this.#ending) this.finish(void 0);
    else this.#interrupted(error ?? new RedRoomError("STREAM_CLOSED", "unable to go on; the server ended the topic"));
  }
  /** Whether to go on later, or not. The first time, whoever opens the topic wants the server's answer. */
  #interrupted(error) {
    const lagging = error.code === "REFERENCE_INVALID" && this.#behind !== void 0;
    const passing = error.retryable || error.code === "INTERNAL" || lagging;
    if (isInterruption(error) || this.#topic !== void 0 && passing) this.#waitFor(error, lagging);
    else this.finish(error);
  }
  #waitFor(error, lagging) {
    this.#handler.onSuspended?.();
    const { clock, random } = this.#host;
    const delayMs = reconnectDelay(this.#failures, error.retryAfterMs, DEFAULT_RECONNECT_DELAYS, random());
    this.#failures += 1;
    this.#retry = clock.setTimer(() => this.#goOn(lagging), delayMs);
  }
  /** On the same connection, if there still is one. A lost one brings `attach` when there is another. */
  #goOn(lagging) {
    const link = this.#host.link();
    if (link === void 0) return;
    if (lagging) this.#probe(link);
    else this.attach(link);
  }
  /**
   * The server says that its record is shorter than what we have read. Opening it without reading shows its head, which
   * is held against what it has signed before. If that was a lie, it ends here; if not, the server is only behind.
   */
  #probe(link) {
    const id2 = this.#topic?.id ?? "";
    const probe = new TopicStream(link, { id: id2 }, { from: void 0 }, { onOver: () => {
    } });
    const goOn = () => {
      const next = this.#host.link();
      if (next !== void 0 && !this.#over) this.attach(next);
    };
    void probe.opened.then(() => probe.end()).then(goOn, goOn);
  }
  #leave() {
    this.#receipts.flush();
    this.#stream?.end();
  }
  #close() {
    this.#over = true;
    this.#ready = false;
    this.#stopRetry();
    this.#receipts.stop();
  }
  #stopRetry() {
    this.#retry?.cancel();
    this.#retry = void 0;
  }
};

// packages/sdk/src/evidence/log-proof.ts
var FIRST_LINE = "c2sp.org/tlog-proof@v1";
function formatLogProof({ index, hashes: hashes2, checkpoint }) {
  const lines = hashes2.map((hash2) => `${Buffer.from(hash2).toString("base64")}
`);
  return `${FIRST_LINE}
index ${index}
${lines.join("")}
${checkpoint}`;
}
function parseLogProof(text) {
  const match = /^c2sp\.org\/tlog-proof@v1\n(?:extra [^\n]*\n)?index (0|[1-9][0-9]*)\n((?:[A-Za-z0-9+/]{43}=\n)*)\n([\s\S]+)$/.exec(
    text
  );
  if (match === null) return void 0;
  const [, index, lines = "", checkpoint = ""] = match;
  const hashes2 = lines.split("\n").slice(0, -1).map((line2) => new Uint8Array(Buffer.from(line2, "base64")));
  return { index: Number(index), hashes: hashes2, checkpoint };
}
var proofUnavailable = (seq2, size) => new RedRoomError("PROOF_UNAVAILABLE", `unable to prove anything of entry ${seq2}; the log has ${size}`);

// packages/sdk/src/client/history-page.ts
async function readPage(link, topicId, from2, limit) {
  const response = await request(link, { type: "readHistory", topic: topicId, from: from2, limit });
  const trust = link.trust(topicId);
  const { head: size, frontier, checkpoint: note2, consistency } = expectLast(response, "historyRead");
  const head = openHead(trust, size, note2);
  await reconcile(link, topicId, head);
  const entries = response.slice(0, -1);
  if (entries.length > limit) throw protocolError(`${entries.length} entries came where ${limit} were asked for`);
  if (entries.length === 0) {
    if (from2 <= size) throw protocolError(`entry ${from2} of ${size} did not come`);
    return { messages: [], withheld: [], leafHashes: [], next: from2, last: true };
  }
  const follower = new LogFollower(trust, readFrontierOf(from2 - 1, decodeHashes(frontier)));
  const messages = [];
  const withheld = [];
  const leafHashes = [];
  for (const message of entries) {
    if (message.type === "entry") {
      const read = readEntry(message, topicId, follower.size + 1);
      leafHashes.push(hashLeaf(read.leaf));
      if (read.message !== void 0) messages.push(read.message);
    } else if (message.type === "placeholder") {
      withheld.push(follower.size + 1);
      leafHashes.push(decodeHash(message.leafHash));
    } else {
      throw protocolError(`${message.type} has no place in a page of entries`);
    }
    follower.append(leafHashes.at(-1));
  }
  const page = { size: follower.size, root: rootOf(follower.frontier) };
  if (!verifyConsistency(page, head, decodeHashes(consistency))) throw logFork(trust.log.origin, head.note, void 0);
  return { messages, withheld, leafHashes, next: follower.size + 1, last: follower.size === size };
}

// packages/sdk/src/client/topic-record.ts
async function readHistory(link, topic2, options) {
  const { from: from2 = 1, limit = 100, onWithheld } = options;
  const messages = [];
  for (let next = from2; messages.length < limit; ) {
    const wanted = Math.min(limit - messages.length, link.limits.maxPageEntries);
    const page = await watched(link, readPage(link, topic2, next, wanted));
    messages.push(...page.messages);
    for (const seq2 of page.withheld) onWithheld?.(seq2);
    if (page.last) break;
    next = page.next;
  }
  return messages;
}
function confirmCheckpoint(link, topic2, checkpoint) {
  return watched(link, reconcile(link, topic2, link.trust(topic2).open(checkpoint)));
}
async function proveEntry(link, topic2, seq2) {
  const { proof } = expectLast(await request(link, { type: "proveEntry", topic: topic2, seq: seq2 }), "entryProof");
  await watched(link, check2(link, topic2, seq2, proof));
  return proof;
}
async function check2(link, topic2, seq2, text) {
  const proof = parseLogProof(text);
  const trust = link.trust(topic2);
  const checkpoint = trust.open(proof?.checkpoint ?? "");
  const [leafHash] = (await readPage(link, topic2, seq2, 1)).leafHashes;
  const { size, root } = checkpoint;
  const index = seq2 - 1;
  if (proof?.index !== index || !leafHash || !verifyInclusion({ leafHash, index, size, root }, proof.hashes)) {
    throw protocolError(`what the server sent does not prove entry ${seq2}`);
  }
  await reconcile(link, topic2, checkpoint);
}
async function watched(link, work) {
  try {
    return await work;
  } catch (error) {
    if (isBreach(error)) link.violated(error);
    throw error;
  }
}

// packages/sdk/src/client/topic.ts
var Topic = class {
  title;
  #host;
  #outbox;
  #deliveries = new Deliveries();
  /** Those of `messages()`, each with a cursor of its own. */
  #feeds = /* @__PURE__ */ new Map();
  #reader;
  #opening;
  #id;
  /** The pseudonym of our user, once a message of ours has shown it. */
  #self;
  #first = 0;
  #closing;
  #onOver;
  /** @internal */
  constructor(title, host) {
    this.title = title;
    this.#host = host;
    this.#outbox = new Outbox(host.outbox);
  }
  /** The topic's random id; `undefined` before it was opened. */
  get id() {
    return this.#id;
  }
  /** Messages that are on their way and not yet stored. */
  get unstored() {
    return this.#outbox.size;
  }
  /**
   * Opens the topic to send, and, unless `from` is `"none"`, to receive: the client's `message` event then brings every
   * message from there on, history first, in order, without gap or overlap, however often the connection is lost
   * meanwhile. Waits for a connection where there is none.
   *
   * @param options.from `"now"` by default: only what comes after the opening.
   * @throws {RedRoomError} What the server answers: `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`, `TOO_MANY_STREAMS`;
   * `CONNECTION_CLOSED` when the client closes.
   */
  open(options = {}) {
    this.#opening ??= this.#open(options.from ?? "now").catch((error) => {
      this.#opening = void 0;
      throw error;
    });
    return this.#opening;
  }
  async #open(from2) {
    this.#host.alive();
    const reader = new TopicReader(this.#host, this.title, from2 === "none" ? void 0 : seqOf(from2), {
      onOpened: ({ id: id2 }, first) => {
        this.#id = id2;
        this.#first = first;
        this.#outbox.send((message) => reader.publish(message));
      },
      onMessage: (message, live, by) => this.#onMessage(reader, message, live, by),
      onDelivery: (delivery) => {
        const by = this.#deliveries.received(delivery);
        this.#host.delivered(delivery.first, delivery.last, by);
      },
      onWithheld: (seq2) => this.#host.withheld(seq2),
      onMember: (pseudonym, name) => this.#deliveries.member(pseudonym, name),
      onAnswer: (answer2) => this.#answer(answer2, reader),
      onDrain: () => this.#outbox.flushed(),
      onSuspended: () => this.#outbox.requeue(),
      onOver: (error) => this.#finish(error)
    });
    this.#reader = reader;
    this.#attach(reader);
    await reader.opened;
    return this;
  }
  /**
   * Sends a message. Awaiting the result waits until the record has it; `result.state` shows how far it is, and
   * `result.delivered()` waits until others have it.
   *
   * Messages of one client to one topic are stored in call order. While there is no connection they wait, in memory, and
   * go out by themselves; what was sent and not answered goes again under its id, and is stored once.
   *
   * @throws {RedRoomError} `TEXT_INVALID`, `TEXT_TOO_LARGE`, `OUTBOX_FULL`, `OPTIONS_INVALID`, `STREAM_CLOSED` at once.
   */
  send(text, options = {}) {
    const host = this.#host;
    host.alive();
    const reader = this.#reader;
    if (reader === void 0 || this.#id === void 0 || this.#closing !== void 0) {
      throw new RedRoomError("STREAM_CLOSED", "unable to send; open the topic first");
    }
    const sending = this.#outbox.add(text, options, host.limits(), host.clock, (changed) => host.outgoing(changed));
    if (!reader.reads) sending.unfollow(unread());
    host.outgoing(sending);
    if (reader.ready) this.#outbox.send((message) => reader.publish(message));
    return sending;
  }
  /** Sends a question. See `send`. */
  ask(text, options = {}) {
    return this.send(text, { ...options, kind: "question" });
  }
  /** Sends the answer to a question. See `send`. */
  answer(question, text, options = {}) {
    return this.send(text, { ...options, kind: "answer", re: question.seq });
  }
  /**
   * The topic's messages from `from` on: the history, then live ones, without gap or overlap, for as long as the loop
   * runs, also across lost connections. A slow loop slows the server's sending to this loop, and nothing else. Ends when
   * the client closes.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, what else the server answers, and what the client fails with.
   */
  messages({ from: from2 = "now", signal, onWithheld } = {}) {
    this.#host.alive();
    const reader = new TopicReader(this.#host, this.title, seqOf(from2), {
      onMessage: (message) => feed.push(message),
      onWithheld: (seq2) => feed.push(seq2),
      onOver: (error) => {
        forget();
        feed.finish(error);
      }
    });
    const feed = new MessageFeed({
      pause: () => reader.pause(),
      resume: () => reader.resume(),
      abandon: () => {
        forget();
        reader.abandon();
      },
      taken: (message) => this.#taken(reader, message),
      withheld: (seq2) => onWithheld?.(seq2)
    });
    const onAbort = () => void feed.return();
    const forget = () => {
      this.#feeds.delete(reader);
      signal?.removeEventListener("abort", onAbort);
    };
    this.#feeds.set(reader, feed);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else this.#attach(reader);
    return feed;
  }
  /**
   * A part of the record, deliveries left out.
   *
   * @returns Fewer than `limit` only where the topic ends.
   * @throws {RedRoomError} A retryable one when the client is not online, or the connection is lost meanwhile.
   */
  async history(options = {}) {
    const link = this.#host.online();
    return readHistory(link, await this.#findId(link), options);
  }
  /** The newest signed checkpoint that we have verified: what the whole record was at that point. `undefined` while empty. */
  async checkpoint() {
    const link = this.#host.online();
    return link.trust(await this.#findId(link)).checkpoint?.note;
  }
  /**
   * Holds somebody else's checkpoint of this topic against our view: the same log must have led to both.
   *
   * @throws {RedRoomError} `LOG_FORK`, with both checkpoints; `PROTOCOL_ERROR` when the log's key did not sign it.
   */
  async confirm(checkpoint) {
    const link = this.#host.online();
    await confirmCheckpoint(link, await this.#findId(link), checkpoint);
  }
  /**
   * Proves offline, to anybody, that an entry is in the log: the text of a `.tlog-proof` file (C2SP tlog-proof), checked
   * before it is returned.
   *
   * @throws {RedRoomError} `PROOF_UNAVAILABLE` for a seq beyond the head; `LOG_FORK`.
   */
  async proof(seq2) {
    const link = this.#host.online();
    return proveEntry(link, await this.#findId(link), seq2);
  }
  /** Ends sending and receiving. Resolves when everything sent has been answered, or the client closes. Idempotent. */
  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }
  async #close() {
    for (const feed of [...this.#feeds.values()]) await feed.return();
    const reader = this.#reader;
    if (reader === void 0) return this.#finish(void 0);
    await new Promise((resolve2) => {
      this.#onOver = resolve2;
      reader.end(this.#outbox.size > 0);
    });
  }
  /** @internal The session is online. */
  attach(link) {
    for (const reader of this.#readers()) reader.attach(link);
  }
  /** @internal The connection is lost. */
  suspend(error) {
    for (const reader of this.#readers()) reader.suspend(error);
  }
  /** @internal The client is over. */
  sessionOver(error) {
    for (const reader of this.#readers()) reader.finish(error);
    this.#deliveries.end(error ?? closedBeforeDelivered());
  }
  #readers() {
    return [...this.#reader === void 0 ? [] : [this.#reader], ...this.#feeds.keys()];
  }
  #attach(reader) {
    const link = this.#host.link();
    if (link !== void 0) reader.attach(link);
  }
  #onMessage(reader, message, live, by) {
    const sending = this.#outbox.find(message.id) ?? this.#deliveries.expected(message.id);
    if (sending !== void 0 && message.author === this.#host.user().name) {
      this.#self = by;
      this.#follow(message.seq, sending);
    }
    if (this.#host.message(message, live)) this.#taken(reader, message);
  }
  #taken(reader, { seq: seq2, kind, author }) {
    const written = kind === "question" || kind === "answer" || kind === "note";
    if (written && author !== this.#host.user().name) reader.received(seq2);
  }
  #follow(seq2, sending) {
    const { name: userName } = this.#host.user();
    const self = this.#self;
    this.#deliveries.follow(
      seq2,
      sending,
      (pseudonym, name) => self === void 0 ? name === userName : pseudonym === self
    );
  }
  async #findId(link) {
    if (this.#id !== void 0) return this.#id;
    const stream = new TopicStream(link, { title: this.title }, { from: void 0 }, { onOver: () => {
    } });
    this.#id = (await stream.opened).id;
    stream.end();
    return this.#id;
  }
  #answer(answer2, reader) {
    if (answer2.type === "refused") {
      const { id: id3, ...failure2 } = answer2;
      this.#outbox.refused(id3, fromFailure(failure2));
      return;
    }
    const { id: id2, seq: seq2, at, duplicate } = answer2;
    const sending = this.#outbox.find(id2);
    if (sending !== void 0 && reader.reads && !this.#deliveries.follows(seq2)) {
      if (seq2 < this.#first) this.#follow(seq2, sending);
      else this.#deliveries.expect(sending);
    }
    this.#outbox.stored({ id: id2, seq: seq2, at: new Date(at), duplicate });
  }
  #finish(error) {
    const opened = this.#id !== void 0;
    this.#reader = void 0;
    this.#opening = void 0;
    this.#outbox.failAll(error ?? closedBeforeStored());
    this.#deliveries.end(error ?? closedBeforeDelivered());
    this.#closing = void 0;
    this.#onOver?.();
    if (error !== void 0 && opened) this.#host.failed(error);
  }
};
function seqOf(from2) {
  if (from2 === "start") return 1;
  if (from2 === "now") return 0;
  if (Number.isSafeInteger(from2) && from2 >= 1) return from2;
  throw new RedRoomError("OPTIONS_INVALID", `unable to read from ${from2}; a seq is 1 or more`);
}
var unread = () => new RedRoomError("OPTIONS_INVALID", "unable to see the delivery; the topic was opened without reading", {
  remedy: "open it from a place, such as `now`"
});
var closedBeforeStored = () => new RedRoomError("CONNECTION_CLOSED", "unable to say whether the message was stored; the connection was closed");
var closedBeforeDelivered = () => new RedRoomError("CONNECTION_CLOSED", "unable to see the delivery; the connection was closed");

// packages/sdk/src/client/redroom-client.ts
var RedRoomClient = class _RedRoomClient extends import_index.default {
  #options;
  #clock;
  #driver;
  #topics = /* @__PURE__ */ new Map();
  #logs;
  /** The session as it was confirmed last. */
  #established;
  /** While there is a connection with a session. */
  #link;
  #unsent = 0;
  #settleConnect;
  #stopDraining;
  #closing;
  /**
   * Resolves once the server is verified and the login accepted; the first attempt decides.
   *
   * @param address As the server printed it: `redroom://HOST:PORT/#sha256-…`.
   * @throws {RedRoomError} `ADDRESS_INVALID`, `UNREACHABLE`, `TIMEOUT`, `PIN_MISMATCH`, `CERTIFICATE_INVALID`,
   * `CERTIFICATE_EXPIRED`, `LOGIN_FAILED`, `CREDENTIALS_UNAVAILABLE`, `VERSION_UNSUPPORTED`, `ABORTED`, `OPTIONS_INVALID`.
   */
  static async connect(address, options) {
    const client = new _RedRoomClient(parseAddress(address), options);
    await client.#connect();
    return client;
  }
  constructor(address, options) {
    super();
    const { auth, transport, ca, clock = systemClock, random = Math.random } = options;
    if (typeof auth !== "function") checkMessage({ type: "login", ...auth });
    this.#options = options;
    this.#logs = new KnownLogs(options.trusted ?? /* @__PURE__ */ new Map());
    this.#clock = clock;
    this.#driver = new ConnectionDriver(
      {
        address,
        transport: transport ?? quicTransport(ca === void 0 ? {} : { ca }),
        auth,
        clock,
        random,
        settings: settingsOf(options)
      },
      (before, after) => this.#changed(before, after)
    );
  }
  get state() {
    return this.#driver.session.phase;
  }
  /** Who we are logged in as. */
  get user() {
    return this.#confirmed.user;
  }
  /** What the server accepts. */
  get limits() {
    return this.#confirmed.limits;
  }
  /** The newest checkpoint that we have verified of each topic's log, by the topic's id. */
  get trusted() {
    return this.#logs.checkpoints;
  }
  /** Ends the wait for the next attempt, where the client is `offline`: the network is back, or a person cannot wait. */
  connectNow() {
    this.#driver.step({ type: "connectNow" });
  }
  /** The topic of this title, the same object at each call. Nothing is asked of the server before it is opened. */
  topic(title) {
    const normal = title.normalize("NFC");
    const known2 = this.#topics.get(normal);
    if (known2 !== void 0) return known2;
    const { outbox, random = Math.random } = this.#options;
    const topic2 = new Topic(normal, {
      clock: this.#clock,
      random,
      outbox: { ...DEFAULT_OUTBOX_LIMITS, ...outbox },
      user: () => this.user,
      limits: () => this.limits,
      link: () => this.state === "online" ? this.#link : void 0,
      online: () => this.#online(),
      alive: () => this.#alive(),
      message: (message, live) => this.#tell("message", { topic: topic2, message, live }),
      delivered: (first, last, by) => void this.#tell("delivered", { topic: topic2, first, last, by }),
      withheld: (seq2) => void this.#tell("withheld", { topic: topic2, seq: seq2 }),
      outgoing: (sending) => void this.#tell("outgoing", { topic: topic2, sending }),
      failed: (error) => void (this.#over || this.#tell("topicFailed", { topic: topic2, error }))
    });
    this.#topics.set(normal, topic2);
    return topic2;
  }
  /**
   * All topics, in the order of their creation.
   *
   * @throws {RedRoomError} A retryable one when the client is not online.
   */
  async topics() {
    const link = this.#online();
    const topics = [];
    for (let more = true; more; ) {
      const after = topics.at(-1)?.id;
      const page = await request(link, { type: "listTopics", ...after !== void 0 && { after } });
      const list = expectLast(page, "topicList");
      topics.push(...list.topics);
      more = list.more;
    }
    return topics.map(toListing);
  }
  /** @throws {RedRoomError} `NOT_ALLOWED` unless we are an administrator; `TITLE_INVALID`, `TOPIC_EXISTS`. */
  async createTopic(title) {
    if (!title.isWellFormed()) {
      throw new RedRoomError("TITLE_INVALID", "unable to use the title; it is not Unicode text");
    }
    const response = await request(this.#online(), { type: "createTopic", title });
    return toListing(expectLast(response, "topicCreated").topic);
  }
  /**
   * Leaves: waits for the answers to what was sent, as long as there is a connection that can bring them, then closes.
   * Every promise of this client ends. Idempotent.
   *
   * @param options.drainMs How long to wait for those answers; 5,000 by default.
   * @returns How many messages are not known to be stored: they have failed with `CONNECTION_CLOSED`.
   */
  close(options = {}) {
    this.#closing ??= this.#close(options.drainMs ?? 5e3);
    return this.#closing;
  }
  async [Symbol.asyncDispose]() {
    await this.close();
  }
  async #close(drainMs) {
    if (this.#link !== void 0) await this.#drain(drainMs);
    this.#driver.step({ type: "close" });
    await this.#driver.connection?.closed;
    return { unsent: this.#unsent };
  }
  /** Ends early when the connection does: nothing more can be answered then. */
  #drain(drainMs) {
    return new Promise((resolve2) => {
      const timer = this.#clock.setTimer(resolve2, drainMs);
      this.#stopDraining = () => {
        timer.cancel();
        resolve2();
      };
      void Promise.all([...this.#topics.values()].map((topic2) => topic2.close())).then(this.#stopDraining);
    });
  }
  #connect() {
    return new Promise((resolve2, reject) => {
      const { signal } = this.#options;
      const onAbort = () => {
        const error = new RedRoomError("ABORTED", "unable to connect; the caller gave up", { cause: signal?.reason });
        this.#driver.step({ type: "fail", error });
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#settleConnect = (error) => {
        this.#settleConnect = void 0;
        signal?.removeEventListener("abort", onAbort);
        if (error === void 0) resolve2();
        else reject(error);
      };
      this.#driver.step({ type: "connect" });
      if (signal?.aborted) onAbort();
    });
  }
  #changed(before, after) {
    const change = stateChange(before, after, this.#clock.now());
    if (change !== void 0) this.#tell("state", change);
    if (after.phase === "online" || after.phase === "unavailable") this.#established = after.established;
    if (after.phase === "online") this.#goOnline(after.established);
    else if (after.phase === "closed") this.#finish(void 0);
    else if (after.phase === "failed") this.#finish(after.cause);
    else if (after.phase === "resuming" || after.phase === "offline") this.#suspend(after.cause);
  }
  /** A new connection, or the record is available again on the old one. */
  #goOnline({ limits, logKey }) {
    const { connection } = this.#driver;
    if (connection === void 0) return;
    this.#link ??= {
      connection,
      limits,
      trust: (topicId) => this.#logs.trust(topicId, logKey),
      violated: (error) => this.#driver.step({ type: "fail", error })
    };
    for (const topic2 of this.#topics.values()) topic2.attach(this.#link);
    this.#settleConnect?.(void 0);
  }
  #suspend(cause) {
    if (this.#link === void 0) return;
    this.#link = void 0;
    this.#stopDraining?.();
    for (const topic2 of this.#topics.values()) topic2.suspend(cause ?? notOnline(this.state));
  }
  #finish(error) {
    this.#link = void 0;
    this.#stopDraining?.();
    for (const topic2 of this.#topics.values()) this.#unsent += topic2.unstored;
    for (const topic2 of this.#topics.values()) topic2.sessionOver(error);
    if (this.#settleConnect !== void 0) this.#settleConnect(error ?? clientClosed());
    else this.#tell("closed", error, { unsent: this.#unsent });
  }
  get #over() {
    return this.state === "closed" || this.state === "failed";
  }
  get #confirmed() {
    if (this.#established === void 0) throw notOnline(this.state);
    return this.#established;
  }
  #alive() {
    if (this.#over || this.#closing !== void 0) throw clientClosed();
  }
  #online() {
    this.#alive();
    if (this.#link === void 0) throw notOnline(this.state);
    return this.#link;
  }
  /**
   * What a listener throws is its own fault: it surfaces as an uncaught exception, and the session goes on.
   *
   * @returns Whether anybody has listened, and taken it.
   */
  #tell(event, ...args) {
    try {
      return this.emit(event, ...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
      return false;
    }
  }
};
function toListing({ createdAt, ...topic2 }) {
  return { ...topic2, createdAt: new Date(createdAt) };
}
var clientClosed = () => new RedRoomError("CONNECTION_CLOSED", "unable to go on; the client is closed");
var notOnline = (state) => new RedRoomError("CONNECTION_LOST", `unable to reach the server now; the client is ${state}`, { retryable: true });

// packages/sdk/src/testing/simulation/mortal-clock.ts
var MortalClock = class {
  #clock;
  #offsetMs;
  #pending = /* @__PURE__ */ new Set();
  #dead = false;
  /** @param offsetMs How much it is ahead of the true time. */
  constructor(clock, offsetMs = 0) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
  }
  /** Timers that the process has set and neither cancelled nor seen fall due. */
  get pending() {
    return this.#pending.size;
  }
  now() {
    return this.#clock.now() + this.#offsetMs;
  }
  setTimer(callback, delayMs) {
    if (this.#dead) return { cancel: () => {
    } };
    const timer = this.#clock.setTimer(() => {
      this.#pending.delete(timer);
      callback();
    }, delayMs);
    this.#pending.add(timer);
    return {
      cancel: () => {
        this.#pending.delete(timer);
        timer.cancel();
      }
    };
  }
  die() {
    this.#dead = true;
    for (const timer of this.#pending) timer.cancel();
    this.#pending.clear();
  }
};

// packages/sdk/src/server/password.ts
var PARAMETERS = { memoryCost: 19456, timeCost: 2, parallelism: 1 };
var argon2 = () => import("@node-rs/argon2");
async function hashPassword(password) {
  const { hash: hash2 } = await argon2();
  return hash2(password.normalize("NFKC"), PARAMETERS);
}
var hashOfNobody;
async function verifyPassword(passwordHash, password) {
  const { verify: verify4 } = await argon2();
  hashOfNobody ??= hashPassword("nobody has this password");
  const right = await verify4(passwordHash ?? await hashOfNobody, password.normalize("NFKC"));
  return right && passwordHash !== void 0;
}

// packages/sdk/src/server/authenticate.ts
var RESERVED_IDS = ["server", "operator"];
function loginWith(authenticate) {
  return async (credentials) => {
    const { id: id2, name, admin } = await authenticate(credentials);
    if (RESERVED_IDS.includes(id2)) {
      throw new RedRoomError(
        "INTERNAL",
        `unable to log anybody in with the id "${id2}"; it stands for the ${id2} itself`
      );
    }
    return { user: { id: id2, name, admin }, basis: void 0 };
  };
}
function loginOf(users) {
  return async ({ name, password }) => {
    const user = await users.findUser(name);
    const right = await verifyPassword(user?.passwordHash, password);
    if (user === void 0 || !right) {
      throw new RedRoomError("LOGIN_FAILED", "unable to log in; the name or the password is wrong", {
        remedy: "check both; an administrator can set a new password"
      });
    }
    return { user: { id: user.id, name: user.name, admin: user.admin }, basis: basisOf(user) };
  };
}
var basisOf = ({ passwordHash, admin }) => JSON.stringify([passwordHash, admin]);

// packages/sdk/src/server/login-queue.ts
var LoginQueue = class {
  #limits;
  #waiting = /* @__PURE__ */ new Map();
  #waitingCount = 0;
  #running = 0;
  constructor(limits = { concurrency: 2, maxWaiting: 2e3 }) {
    this.#limits = limits;
  }
  /**
   * @param signal Aborted when the client has gone; what waits for it is then dropped.
   * @throws {RedRoomError} `TOO_MANY_REQUESTS` (retryable), `ABORTED`; what the check throws.
   */
  async run(address, signal, check3) {
    if (this.#running >= this.#limits.concurrency) await this.#turn(address);
    else this.#running += 1;
    try {
      if (signal.aborted) throw new RedRoomError("ABORTED", "unable to log in; the client has gone");
      return await check3();
    } finally {
      this.#passOn();
    }
  }
  #turn(address) {
    const { maxWaiting } = this.#limits;
    if (this.#waitingCount >= maxWaiting) {
      throw new RedRoomError("TOO_MANY_REQUESTS", `unable to log in now; ${maxWaiting} logins wait already`, {
        retryable: true,
        retryAfterMs: 5e3
      });
    }
    return new Promise((start) => {
      this.#waitingCount += 1;
      this.#waiting.set(address, [...this.#waiting.get(address) ?? [], start]);
    });
  }
  /** The address that waits longest goes first, and then to the end of the line. */
  #passOn() {
    for (const [address, [start, ...others]] of this.#waiting) {
      this.#waiting.delete(address);
      if (others.length > 0) this.#waiting.set(address, others);
      this.#waitingCount -= 1;
      start?.();
      return;
    }
    this.#running -= 1;
  }
};

// packages/sdk/src/session/server-session.ts
function startServerSession(settings, now, refusal2) {
  const deadline = now + settings.loginTimeoutMs;
  return [{ phase: "hello", deadline, refusal: refusal2 }, [{ type: "setTimer", at: deadline }]];
}
function stepServerSession(state, input, settings, now) {
  if (state.phase === "over") return [state, []];
  switch (input.type) {
    case "message":
      return receive2(state, input.message, settings, now);
    case "admitted":
      return state.phase === "checking" ? admit(input.admission, settings, now) : [state, []];
    case "resumeRefused":
      if (state.phase !== "checking") return [state, []];
      return [
        { ...state, phase: "entry", resumable: false },
        [
          { type: "send", message: { type: "resumeRefused", ...toFailure(input.error) } },
          { type: "setTimer", at: Math.max(now, state.deadline) }
        ]
      ];
    case "refused":
      return state.phase === "checking" ? refuse(input.error, CLOSE_CODES.refused) : [state, []];
    case "availability": {
      const { available: available2, message } = input;
      if (state.phase !== "online" || state.available === available2) return [state, []];
      const told = { type: "availability", available: available2, ...message !== void 0 && { message } };
      return [{ ...state, available: available2 }, [{ type: "send", message: told }]];
    }
    case "timer":
      return tick(state, settings, now);
    case "end":
      return [{ phase: "over" }, [disconnect2(CLOSE_CODES.normal, "", false)]];
    case "dismissed":
      return dismiss(input.error, input.code);
    case "dropped":
      return [{ phase: "over" }, [disconnect2(input.code, input.reason, false)]];
  }
}
function receive2(state, message, settings, now) {
  if (state.phase === "hello" && message.type === "hello") return greet(state, message.versions, settings);
  if (state.phase === "entry" && message.type === "login") {
    const { name, password } = message;
    return [{ ...state, phase: "checking" }, [{ type: "authenticate", name, password }]];
  }
  if (state.phase === "entry" && state.resumable && message.type === "resume") {
    return [{ ...state, phase: "checking" }, [{ type: "resume", token: message.token }]];
  }
  if (state.phase === "online" && message.type === "ping") {
    const pong = { type: "send", message: { type: "pong", nonce: message.nonce } };
    const heard = { ...state, heardAt: now, confirmed: true };
    return [heard, state.confirmed ? [pong] : [{ type: "confirm" }, pong]];
  }
  return refuse(protocolError(`${message.type} has no place in the phase ${state.phase}`), CLOSE_CODES.protocolError);
}
function greet({ deadline, refusal: refusal2 }, versions, { limits, heartbeatMs, logKey, logKeyCertificate }) {
  if (!versions.includes(PROTOCOL_VERSION)) {
    return refuse(
      new RedRoomError(
        "VERSION_UNSUPPORTED",
        `unable to talk; the client offers version ${versions.join(", ")}, the server speaks ${PROTOCOL_VERSION}`
      ),
      CLOSE_CODES.refused
    );
  }
  if (refusal2 !== void 0) return refuse(refusal2, CLOSE_CODES.refused);
  const welcome = { type: "welcome", version: PROTOCOL_VERSION, limits, heartbeatMs, logKey };
  return [
    { phase: "entry", deadline, resumable: true },
    [{ type: "send", message: logKeyCertificate === void 0 ? welcome : { ...welcome, logKeyCertificate } }]
  ];
}
function admit(admission, { heartbeatMs }, now) {
  const { user, sessionId, token, resumed } = admission;
  const dueAt = now + 2 * heartbeatMs;
  return [
    { phase: "online", user, heardAt: now, dueAt, confirmed: false, available: true },
    [
      { type: "send", message: { type: "session", session: sessionId, token, resumed, user } },
      { type: "online", admission },
      { type: "setTimer", at: dueAt }
    ]
  ];
}
function tick(state, { heartbeatMs, loginTimeoutMs }, now) {
  if (state.phase === "over") return [state, []];
  if (state.phase === "online") {
    const dueAt = state.heardAt + 2 * heartbeatMs;
    if (now < dueAt) return [{ ...state, dueAt }, [{ type: "setTimer", at: dueAt }]];
    if (now - state.dueAt > heartbeatMs / 2) {
      return [{ ...state, dueAt: now + heartbeatMs }, [{ type: "setTimer", at: now + heartbeatMs }]];
    }
    return dismiss(
      new RedRoomError("TIMEOUT", `unable to hear the client; silent for ${now - state.heardAt} ms`, {
        retryable: true
      }),
      CLOSE_CODES.shuttingDown
    );
  }
  if (state.phase === "checking") return [state, []];
  if (now < state.deadline) return [state, [{ type: "setTimer", at: state.deadline }]];
  return refuse(
    new RedRoomError("TIMEOUT", `unable to wait longer for a login; the limit is ${loginTimeoutMs} ms`, {
      retryable: true
    }),
    CLOSE_CODES.refused
  );
}
function refuse(error, code) {
  return leave({ type: "error", ...toFailure(error) }, code, error.code);
}
function dismiss(error, code) {
  return leave({ type: "goodbye", ...toFailure(error) }, code, error.code);
}
function leave(lastWord, code, reason) {
  const lingering = code !== CLOSE_CODES.protocolError;
  return [{ phase: "over" }, [{ type: "send", message: lastWord }, disconnect2(code, reason, lingering)]];
}
function disconnect2(code, reason, lingering) {
  return { type: "disconnect", code, reason, lingering };
}

// packages/sdk/src/server/page-turns.ts
var PageTurns = class {
  #free;
  #waiting = [];
  constructor(pages) {
    this.#free = pages;
  }
  /** Resolves with what gives the turn back; call it once. */
  async take() {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise((resolve2) => this.#waiting.push(resolve2));
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next === void 0) this.#free += 1;
      else next();
    };
  }
};

// packages/sdk/src/server/check-title.ts
function checkTitle(title, { maxTitleBytes }) {
  const refuse2 = (reason) => {
    throw new RedRoomError("TITLE_INVALID", `unable to use the title; ${reason}`);
  };
  if (!title.isWellFormed()) return refuse2("it is not Unicode text");
  const normal = title.normalize("NFC");
  const bytes = utf8(normal).byteLength;
  if (normal.trim() === "" || normal.trim() !== normal) return refuse2("it is empty, or has spaces at its ends");
  if (new RegExp("\\p{Cc}", "u").test(normal)) return refuse2("it contains control characters");
  if (bytes > maxTitleBytes) return refuse2(`${bytes} bytes, the limit is ${maxTitleBytes}`);
  return normal;
}

// packages/sdk/src/server/requests.ts
var TOPICS_PER_PAGE = 64;
var REQUESTS = [
  "listTopics",
  "createTopic",
  "readHistory",
  "proveEntry",
  "proveConsistency"
];
function isRequest(message) {
  return REQUESTS.includes(message.type);
}
async function answerRequest(request2, answer2, context) {
  switch (request2.type) {
    case "listTopics": {
      const page = await context.store.listTopics({ after: request2.after, limit: TOPICS_PER_PAGE + 1 });
      const topics = page.slice(0, TOPICS_PER_PAGE).map((topic2) => ({ ...topic2, head: topic2.head.seq }));
      answer2.send({ type: "topicList", topics, more: page.length > TOPICS_PER_PAGE });
      return;
    }
    case "createTopic": {
      if (!context.user.admin) {
        throw new RedRoomError("NOT_ALLOWED", "unable to create the topic; only administrators can");
      }
      const topic2 = await createTopic(context.store, request2.title, context);
      answer2.send({ type: "topicCreated", topic: { ...topic2, head: 0 } });
      return;
    }
    case "readHistory":
      await sendHistory(request2, answer2, context);
      return;
    case "proveEntry":
      answer2.send({ type: "entryProof", proof: await proveEntry2(context.store, request2) });
      return;
    case "proveConsistency": {
      const hashes2 = await context.store.proveConsistency(request2.topic, request2.first, request2.second);
      answer2.send({ type: "consistencyProof", hashes: hashes2.map(toBase64Url) });
    }
  }
}
async function createTopic(store, title, { limits = DEFAULT_LIMITS, clock = systemClock } = {}) {
  const topic2 = { id: randomId(), title: checkTitle(title, limits), createdAt: clock.now() };
  await store.createTopic(topic2);
  return topic2;
}
async function sendHistory({ topic: topic2, from: from2, limit }, answer2, { rooms, limits, store }) {
  if (limit > limits.maxPageEntries) {
    throw new RedRoomError(
      "TOO_MANY_REQUESTS",
      `unable to read ${limit} entries at once; the limit is ${limits.maxPageEntries}`
    );
  }
  const room = await rooms.enter({ id: topic2 });
  try {
    const { checkpoint } = room;
    const head = checkpoint?.size ?? 0;
    const frames = from2 > head ? [] : await room.read(from2, Math.min(limit, head - from2 + 1));
    for (const frame of frames) answer2.sendEncoded(frame);
    if (checkpoint === void 0 || frames.length === 0) {
      const signed = checkpoint && { checkpoint: checkpoint.note };
      answer2.send({ type: "historyRead", head, frontier: [], ...signed, consistency: [] });
      return;
    }
    const frontier = await store.frontier(topic2, from2 - 1);
    const consistency = await store.proveConsistency(topic2, from2 - 1 + frames.length, head);
    answer2.send({
      type: "historyRead",
      head,
      frontier: frontier.peaks.map(toBase64Url),
      checkpoint: checkpoint.note,
      consistency: consistency.map(toBase64Url)
    });
  } finally {
    rooms.leave(room);
  }
}
async function proveEntry2(store, { topic: topic2, seq: seq2 }) {
  const checkpoint = await store.checkpoint(topic2);
  const size = checkpoint === void 0 ? 0 : readCheckpoint(checkpoint)?.size ?? 0;
  if (checkpoint === void 0 || seq2 > size) throw proofUnavailable(seq2, size);
  return formatLogProof({ index: seq2 - 1, hashes: await store.proveInclusion(topic2, seq2, size), checkpoint });
}

// packages/sdk/src/server/told-error.ts
function toldError(thrown, doing, logger) {
  const error = toRedRoomError(thrown, "INTERNAL", doing);
  if (error.code === "INTERNAL") logger.error({ error }, `unable to ${doing}`);
  return error;
}

// packages/sdk/src/server/request-stream.ts
var RequestStream = class {
  #channel;
  #context;
  #onDone;
  #answered;
  /** The client leaves unread what it was sent; called when it has read it, or never will. */
  #onTaken;
  #over = false;
  /** @param onDone Called once, when the answer has been taken, or nobody wants it any more. */
  constructor(request2, channel, context, onDone) {
    this.#channel = channel;
    this.#context = context;
    this.#onDone = onDone;
    this.#answered = this.#answer(request2);
  }
  onMessage(message) {
    throw unexpected(message, "behind a request");
  }
  onEnd() {
  }
  onDrain() {
    this.#onTaken?.();
  }
  onGone() {
    this.#over = true;
    this.#onTaken?.();
  }
  drain() {
    return this.#answered;
  }
  fail(error) {
    if (this.#over) return;
    this.#over = true;
    this.#channel.send({ type: "error", ...toFailure(error) });
    this.#channel.end();
    this.#onTaken?.();
  }
  async #answer(request2) {
    const release = request2.type === "readHistory" ? await this.#context.pages.take() : () => {
    };
    let behind = false;
    const note2 = (taken) => {
      behind ||= !taken;
      return taken;
    };
    const answer2 = {
      send: (message) => !this.#over && note2(this.#channel.send(message)),
      sendEncoded: (frame) => !this.#over && note2(this.#channel.sendEncoded(frame))
    };
    try {
      await answerRequest(request2, answer2, this.#context);
      if (!this.#over) this.#channel.end();
    } catch (thrown) {
      this.fail(toldError(thrown, "answer a request", this.#context.logger));
    }
    void (behind && !this.#over ? this.#untilTaken() : Promise.resolve()).then(() => {
      this.#over = true;
      release();
      this.#onDone();
    });
  }
  /** Resolves when the client has taken the answer, or is cut off because it does not. */
  #untilTaken() {
    const { clock, slowConsumerMs } = this.#context;
    return new Promise((resolve2) => {
      const patience = clock.setTimer(() => {
        this.#channel.reset(CLOSE_CODES.slowConsumer);
        this.#onTaken?.();
      }, slowConsumerMs);
      this.#onTaken = () => {
        patience.cancel();
        resolve2();
      };
    });
  }
};

// packages/sdk/src/server/log-entries.ts
import { randomBytes as randomBytes4 } from "node:crypto";
function sealed(text) {
  const salt = randomBytes4(SALT_BYTES);
  const content = encodeContent(text);
  const commitment = commit(salt, content);
  return (fields) => ({ leaf: encodeLeaf({ ...fields, commitment }), content, salt });
}
function refuseOther({ seq: seq2, leaf, content }, sent) {
  const fields = JSON.parse(leaf);
  const same = fields.kind === sent.kind && fields.re === sent.re && (content === void 0 || content === sent.content);
  if (!same) {
    throw new RedRoomError(
      "ID_REUSED",
      `unable to store the message; its id is that of message ${seq2}, which says something else`
    );
  }
}
function peopleOf({ leaf }) {
  const { by, to = [] } = JSON.parse(leaf);
  return [by, ...to];
}
function encodeEntry({ leaf, content, salt }, nameOf) {
  if (content === void 0 || salt === void 0) {
    return encodeMessage({ type: "placeholder", leafHash: toBase64Url(hashLeaf(leaf)) });
  }
  const { by } = JSON.parse(leaf);
  return encodeMessage(packEntry({ author: nameOf(by), leaf, content, salt }));
}

// packages/sdk/src/server/deliveries.ts
var MAX_RECEIVERS2 = 256;
function deliveriesOf(confirmed2, recorded) {
  const groups = /* @__PURE__ */ new Map();
  for (const [receiver, ranges] of confirmed2) {
    for (const range of ranges) {
      for (const { first, last } of without(range, recorded.get(receiver) ?? [])) {
        const missing = { receiver, first, from: range.first };
        groups.set(last, [...groups.get(last) ?? [], missing]);
      }
    }
  }
  return [...groups].sort(([a], [b]) => a - b).flatMap(([last, missing]) => share(last, missing));
}
function share(last, missing) {
  const deliveries = [];
  let waiting = [...missing].sort((a, b) => a.first - b.first || (a.receiver < b.receiver ? -1 : 1));
  while (waiting[0] !== void 0) {
    const { first } = waiting[0];
    const together = waiting.filter(({ from: from2 }) => from2 <= first).slice(0, MAX_RECEIVERS2);
    deliveries.push({ first, last, to: together.map(({ receiver }) => receiver) });
    const served = new Set(together);
    waiting = waiting.filter((one) => !served.has(one));
  }
  return deliveries;
}
function without({ first, last }, others) {
  const rest2 = [];
  let next = first;
  for (const other of others) {
    if (other.last < next) continue;
    if (other.first > last) break;
    if (other.first > next) rest2.push({ first: next, last: other.first - 1 });
    next = other.last + 1;
  }
  if (next <= last) rest2.push({ first: next, last });
  return rest2;
}
function addTo(ranges, receiver, range) {
  ranges.set(receiver, addRange(ranges.get(receiver) ?? [], range));
}

// packages/sdk/src/server/receipts.ts
var GATHER_MS = 200;
var MAX_PIECES = 16;
var MAX_OWN = 1024;
var Receipts2 = class {
  #log;
  #clock;
  #confirmed = /* @__PURE__ */ new Map();
  #recorded;
  /** Entries that say who has received what: that they were received is worth no entry. */
  #own = [];
  #timer;
  #flushing;
  #closed = false;
  constructor(log, clock) {
    this.#log = log;
    this.#clock = clock;
  }
  /** "I have received the entries of this range." */
  add(receiver, range) {
    if (this.#closed || this.#isStale(receiver, range)) return;
    const pieces = addRange(this.#confirmed.get(receiver) ?? [], range);
    if (pieces.length <= MAX_PIECES) this.#confirmed.set(receiver, pieces);
    this.#wait();
  }
  /** Puts on record what has gathered. Resolves when that has been tried. */
  async flush() {
    this.#timer?.cancel();
    this.#timer = void 0;
    await this.#flushing;
    if (this.#confirmed.size > 0) await this.#start();
  }
  /** Forgets what has gathered. */
  close() {
    this.#closed = true;
    this.#confirmed.clear();
    this.#timer?.cancel();
    this.#timer = void 0;
  }
  #wait() {
    if (this.#closed || this.#flushing !== void 0 || this.#confirmed.size === 0) return;
    this.#timer ??= this.#clock.setTimer(() => void this.flush(), GATHER_MS);
  }
  #start() {
    this.#flushing ??= this.#record().finally(() => {
      this.#flushing = void 0;
      this.#wait();
    });
    return this.#flushing;
  }
  async #record() {
    const confirmed2 = this.#confirmed;
    this.#confirmed = /* @__PURE__ */ new Map();
    try {
      this.#recorded ??= new Map(await this.#log.received());
      const deliveries = deliveriesOf(confirmed2, this.#recorded).filter((delivery) => this.#isNews(delivery));
      if (deliveries.length === 0) return;
      this.#own = addRange(this.#own, await this.#log.record(deliveries)).slice(-MAX_OWN);
      for (const { to, ...range } of deliveries) for (const receiver of to) addTo(this.#recorded, receiver, range);
    } catch (thrown) {
      this.#recorded = void 0;
      this.#log.onFailure(thrown);
    }
  }
  #isStale(receiver, range) {
    const recorded = this.#recorded?.get(receiver);
    return recorded !== void 0 && without(range, recorded).every((rest2) => !this.#isNews(rest2));
  }
  #isNews(range) {
    return without(range, this.#own).length > 0;
  }
};

// packages/sdk/src/server/recent-entries.ts
var RecentEntries = class {
  #maxEntries;
  #maxBytes;
  #frames = [];
  #bytes = 0;
  #head;
  constructor(head, options = {}) {
    this.#head = head;
    this.#maxEntries = options.maxEntries ?? 1024;
    this.#maxBytes = options.maxBytes ?? 1024 * 1024;
  }
  /** The highest seq known to be durable. */
  get head() {
    return this.#head;
  }
  /** @returns The frame, or `undefined` when it must be read from the store. */
  get(seq2) {
    return this.#frames[seq2 - this.#head + this.#frames.length - 1];
  }
  /** Adds the next entry; behind a gap (another process has written) the run starts anew. Known ones are left alone. */
  add(seq2, frame) {
    if (seq2 <= this.#head) return;
    if (seq2 > this.#head + 1) {
      this.#frames = [];
      this.#bytes = 0;
    }
    this.#frames.push(frame);
    this.#bytes += frame.byteLength;
    this.#head = seq2;
    if (this.#frames.length > 2 * this.#maxEntries || this.#bytes > 2 * this.#maxBytes) this.#trim();
  }
  /** Forgets all frames and goes on behind `head`. */
  restart(head) {
    this.#frames = [];
    this.#bytes = 0;
    this.#head = head;
  }
  /** Drops the older half at once: dropping one by one would move the whole array each time. */
  #trim() {
    let kept = this.#frames.length;
    let bytes = 0;
    while (kept > 0) {
      const size = this.#frames[kept - 1]?.byteLength ?? 0;
      if (this.#frames.length - kept >= this.#maxEntries || bytes + size > this.#maxBytes) break;
      bytes += size;
      kept -= 1;
    }
    this.#frames = this.#frames.slice(kept);
    this.#bytes = bytes;
  }
};

// packages/sdk/src/server/topic-people.ts
var SERVER = { id: "server", name: "server" };
var NO_MEMBERS = /* @__PURE__ */ new Set([SERVER.id, "operator"]);
var TopicPeople = class {
  #topicId;
  #store;
  #onMember;
  #people = /* @__PURE__ */ new Map();
  /** From person to pseudonym, also while it is asked for. */
  #pseudonyms = /* @__PURE__ */ new Map();
  #members = [];
  /** @param onMember Called when `members` has grown. */
  constructor(topicId, store, onMember) {
    this.#topicId = topicId;
    this.#store = store;
    this.#onMember = onMember;
  }
  /**
   * The encoded `member` frames in the order in which members became known; a later frame of the same pseudonym has the
   * present name. It only grows.
   */
  get members() {
    return this.#members;
  }
  nameOf(pseudonym) {
    return this.#people.get(pseudonym)?.name ?? "";
  }
  knows(pseudonym) {
    return this.#people.has(pseudonym);
  }
  /** Takes in who was added elsewhere. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async load() {
    for (const [pseudonym, person] of await this.#store.people(this.#topicId)) this.#note(pseudonym, person);
  }
  /** Durable when it resolves. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  pseudonymOf(person) {
    const key2 = JSON.stringify([person.id, person.name]);
    const known2 = this.#pseudonyms.get(key2);
    if (known2 !== void 0) return known2;
    const asked = this.#store.pseudonym(this.#topicId, person).then(
      (pseudonym) => {
        this.#note(pseudonym, person);
        return pseudonym;
      },
      (error) => {
        this.#pseudonyms.delete(key2);
        throw error;
      }
    );
    this.#pseudonyms.set(key2, asked);
    return asked;
  }
  #note(pseudonym, { id: id2, name }) {
    if (this.#people.get(pseudonym)?.name === name) return;
    this.#people.set(pseudonym, { id: id2, name });
    this.#pseudonyms.set(JSON.stringify([id2, name]), Promise.resolve(pseudonym));
    if (NO_MEMBERS.has(id2)) return;
    this.#members.push(encodeMessage({ type: "member", id: pseudonym, name }));
    this.#onMember();
  }
};

// packages/sdk/src/server/topic-room.ts
var PAGE_BYTES = 256 * 1024;
var PAGE_ENTRIES = 256;
var TopicRoom = class {
  id;
  title;
  createdAt;
  receipts;
  #store;
  #clock;
  #recent;
  #followers = /* @__PURE__ */ new Set();
  #people;
  #checkpoint;
  #epoch = 0;
  constructor(topic2, { store, clock, logger }) {
    this.id = topic2.id;
    this.title = topic2.title;
    this.createdAt = topic2.createdAt;
    this.#recent = new RecentEntries(topic2.head.seq);
    this.#store = store;
    this.#clock = clock;
    this.#people = new TopicPeople(topic2.id, store, () => this.#wake());
    this.receipts = new Receipts2(
      {
        received: () => store.received(topic2.id),
        record: (deliveries) => this.#record(deliveries),
        onFailure: (thrown) => toldError(thrown, "record who has received what", logger)
      },
      clock
    );
  }
  /** Before anything else. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async load() {
    await this.#people.load();
    await this.refresh();
  }
  /** The highest seq that followers can have. */
  get head() {
    return this.#recent.head;
  }
  /** Encoded `member` frames in the order in which they became known; it only grows. */
  get members() {
    return this.#people.members;
  }
  /** The newest checkpoint, as it is signed and as it is sent. */
  get checkpoint() {
    return this.#checkpoint;
  }
  /** Another number after texts were erased elsewhere: frames read before may hold them. */
  get epoch() {
    return this.#epoch;
  }
  /** Makes somebody a member. @returns The pseudonym. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  join(person) {
    return this.#people.pseudonymOf(person);
  }
  /**
   * Resolves once the message is durable; only then does anybody see it.
   *
   * @throws {RedRoomError} `REFERENCE_INVALID`, `ID_REUSED`, `STORE_UNAVAILABLE`.
   */
  async publish(author, { id: id2, kind, text, re }) {
    const by = await this.#people.pseudonymOf(author);
    const seal = sealed(text);
    const { entries, duplicate, checkpoint } = await this.#store.append(this.id, { author: by, id: id2 }, (head) => {
      const seq2 = head.seq + 1;
      if (re !== void 0 && re >= seq2) throw referenceInvalid(re, head.seq);
      return [seal({ topic: this.id, seq: seq2, id: id2, kind, by, at: this.#clock.now(), re })];
    });
    if (!duplicate) this.#advance(entries, checkpoint);
    const [entry] = entries;
    if (entry !== void 0 && duplicate) refuseOther(entry, { kind, re, content: encodeContent(text) });
    if (entry === void 0) throw new RedRoomError("INTERNAL", "unable to publish; the store returned no entry");
    const { at } = JSON.parse(entry.leaf);
    return { seq: entry.seq, at, duplicate };
  }
  /** One entry for each delivery, all in one commit. */
  async #record(deliveries) {
    const by = await this.#people.pseudonymOf(SERVER);
    const drafts = deliveries.map(({ first, last, to }) => ({
      id: randomId(),
      re: last,
      to,
      seal: sealed(deliveryText(first))
    }));
    const key2 = { author: by, id: drafts[0]?.id ?? "" };
    const { entries, checkpoint } = await this.#store.append(
      this.id,
      key2,
      (head) => drafts.map(
        ({ id: id2, re, to, seal }, index) => seal({ topic: this.id, seq: head.seq + 1 + index, id: id2, kind: "delivery", by, at: this.#clock.now(), to, re })
      )
    );
    this.#advance(entries, checkpoint);
    return { first: entries[0]?.seq ?? 0, last: entries.at(-1)?.seq ?? 0 };
  }
  /**
   * What a new stream begins with: the head, and the tree before the first entry that it will get.
   *
   * @param wanted The first seq; 0 or `undefined` for what comes behind the head.
   * @throws {RedRoomError} `REFERENCE_INVALID` for a seq that does not follow any entry yet.
   */
  async start(wanted) {
    const { id: id2, title, createdAt } = this;
    const checkpoint = this.#checkpoint;
    const head = checkpoint?.size ?? 0;
    const from2 = wanted === void 0 || wanted === 0 ? head + 1 : wanted;
    if (from2 > head + 1) throw referenceInvalid(from2, head);
    const frontier = await this.#store.frontier(id2, from2 - 1);
    return {
      from: from2,
      opened: {
        type: "topicOpened",
        topic: { id: id2, title, createdAt, head },
        frontier: frontier.peaks.map(toBase64Url),
        ...checkpoint !== void 0 && { checkpoint: checkpoint.note }
      }
    };
  }
  /** Takes in what others have appended: another process, such as the operator's command, which may have erased a text. */
  async refresh() {
    const checkpoint = await this.#store.checkpoint(this.id);
    const head = checkpoint === void 0 ? 0 : readCheckpoint(checkpoint)?.size ?? 0;
    if (checkpoint === void 0 || head < this.head || head === this.#checkpoint?.size) return;
    this.#epoch += 1;
    this.#recent.restart(head);
    this.#advance([], checkpoint);
  }
  #advance(entries, checkpoint) {
    for (const entry of entries) this.#recent.add(entry.seq, this.#encode(entry));
    const size = readCheckpoint(checkpoint)?.size ?? 0;
    if (size > (this.#checkpoint?.size ?? 0)) {
      this.#checkpoint = { size, note: checkpoint, frame: encodeMessage({ type: "checkpoint", note: checkpoint }) };
    }
    this.#wake();
  }
  #wake() {
    for (const wake2 of this.#followers) wake2();
  }
  /** The encoded frame of an entry, where it is one of the newest. */
  recent(seq2) {
    return this.#recent.get(seq2);
  }
  /** Encoded frames from `from` upwards, read from the store: dense, at least one where there is one. */
  async read(from2, limit = PAGE_ENTRIES) {
    const entries = await this.#store.read(this.id, { from: from2, limit, maxBytes: PAGE_BYTES });
    if (entries.some((entry) => peopleOf(entry).some((pseudonym) => !this.#people.knows(pseudonym)))) {
      await this.#people.load();
    }
    return entries.map((entry) => this.#encode(entry));
  }
  /** @returns The function that ends it. */
  follow(wake2) {
    this.#followers.add(wake2);
    return () => this.#followers.delete(wake2);
  }
  #encode(entry) {
    return encodeEntry(entry, (pseudonym) => this.#people.nameOf(pseudonym));
  }
};
var referenceInvalid = (re, head) => new RedRoomError("REFERENCE_INVALID", `unable to refer to message ${re}; the newest of this topic is ${head}`);

// packages/sdk/src/server/subscription.ts
var Subscription = class {
  #room;
  #output;
  #context;
  #unfollow;
  #next;
  /** The size of the last checkpoint that the reader has. */
  #signed;
  /** How many of the room's `member` frames the reader has. */
  #introduced = 0;
  /** Frames read from the store, of the entries from `#next` on, and what gives their turn back. */
  #page;
  /** Runs while the reader is behind. */
  #patience;
  #blocked = false;
  #reading = false;
  #stopped = false;
  /** @param from The first seq wanted; may lie beyond the head. */
  constructor(room, from2, output, context) {
    this.#room = room;
    this.#next = from2;
    this.#signed = from2 - 1;
    this.#output = output;
    this.#context = context;
    this.#unfollow = room.follow(() => this.#advance());
    this.#advance();
  }
  /** The last entry that the reader was sent, or has from before. */
  get last() {
    return this.#next - 1;
  }
  /** The reader takes more. */
  resume() {
    this.#blocked = false;
    this.#patience?.cancel();
    this.#patience = void 0;
    this.#advance();
  }
  stop() {
    this.#stopped = true;
    this.#patience?.cancel();
    this.#dropPage();
    this.#unfollow();
  }
  get #ready() {
    return !this.#stopped && !this.#blocked && !this.#reading;
  }
  #advance() {
    if (!this.#stopped && !this.#reading) this.#sign();
    for (; ; ) {
      if (this.#ready) this.#introduce();
      if (!this.#ready || this.#next > Math.max(this.#room.head, this.#pageEnd)) return;
      const frame = this.#take();
      if (frame === void 0) {
        this.#reading = true;
        void this.#readPage();
        return;
      }
      this.#send(frame);
      this.#next += 1;
      this.#sign();
    }
  }
  /** The last entry of the page; it may lie beyond the head that the room knows. */
  get #pageEnd() {
    return this.#next - 1 + (this.#page?.frames.length ?? 0);
  }
  /** The frame of the next entry, where it is at hand. */
  #take() {
    if (this.#page !== void 0 && this.#page.epoch !== this.#room.epoch) this.#dropPage();
    const frame = this.#page?.frames.shift() ?? this.#room.recent(this.#next);
    if (this.#page?.frames.length === 0) this.#dropPage();
    return frame;
  }
  async #readPage() {
    const release = await this.#context.pages.take();
    try {
      if (this.#stopped) return release();
      const { epoch } = this.#room;
      const frames = await this.#room.read(this.#next);
      if (frames.length === 0) throw new RedRoomError("INTERNAL", `unable to read on; entry ${this.#next} is missing`);
      this.#page = { frames, epoch, release };
      if (this.#stopped) this.#dropPage();
    } catch (thrown) {
      release();
      this.#fail(toRedRoomError(thrown, "INTERNAL", "read the topic"));
    }
    this.#reading = false;
    this.#advance();
  }
  #dropPage() {
    this.#page?.release();
    this.#page = void 0;
  }
  /** No entry names anybody whom the reader does not know. */
  #introduce() {
    for (const { members: members2 } = this.#room; !this.#blocked && this.#introduced < members2.length; this.#introduced += 1) {
      this.#send(members2[this.#introduced]);
    }
  }
  #send(frame) {
    if (this.#output.send(frame) || this.#blocked) return;
    this.#blocked = true;
    const { clock, slowConsumerMs } = this.#context;
    this.#patience ??= clock.setTimer(() => this.#fail(slowConsumer(slowConsumerMs)), slowConsumerMs);
  }
  #fail(error) {
    if (this.#stopped) return;
    this.stop();
    this.#output.fail(error);
  }
  /** A page may reach beyond the head that the room knows; its checkpoint then follows when the room has caught up. */
  #sign() {
    const { checkpoint } = this.#room;
    if (checkpoint === void 0 || checkpoint.size !== this.#next - 1 || checkpoint.size <= this.#signed) return;
    this.#signed = checkpoint.size;
    this.#send(checkpoint.frame);
  }
};
var slowConsumer = (ms) => new RedRoomError("SLOW_CONSUMER", `unable to send more; the reader has taken nothing for ${ms} ms`, {
  retryable: true
});

// packages/sdk/src/server/topic-stream.ts
var TopicStream2 = class {
  #channel;
  #user;
  #context;
  #onDone;
  #room;
  /** Where the client reads along: its pseudonym, and how far it is. */
  #reader;
  /** Messages taken and not yet answered. */
  #open = 0;
  /** Why no further message is taken: told to the client once those that were taken are answered. */
  #leaving;
  /** The client sends no more; or everything is over. */
  #ended = false;
  #over = false;
  #done = false;
  /** What waits until everything taken is answered. */
  #onSettled;
  /** @param onDone Called once, when the stream is over and everything it took is answered. */
  constructor(channel, user, context, onDone) {
    this.#channel = channel;
    this.#user = user;
    this.#context = context;
    this.#onDone = onDone;
  }
  /** Answers the first message of the stream. */
  async open(request2) {
    const by = request2.id !== void 0 ? { id: request2.id } : { title: (request2.title ?? "").normalize("NFC") };
    this.#channel.pause("opening");
    try {
      const room = await this.#context.rooms.enter(by);
      this.#room = room;
      const pseudonym = request2.from === void 0 ? void 0 : await room.join(this.#user);
      const start = await room.start(request2.from);
      if (this.#over) return this.#settle();
      this.#channel.send(start.opened);
      if (pseudonym !== void 0) this.#follow(room, start.from, pseudonym);
    } catch (thrown) {
      this.fail(toldError(thrown, "open a topic", this.#context.logger));
    }
    this.#channel.resume("opening");
  }
  #follow(room, from2, pseudonym) {
    const output = {
      send: (frame) => this.#channel.sendEncoded(frame),
      fail: (error) => {
        if (error.code === "SLOW_CONSUMER") this.#cut(error);
        else this.fail(toldError(error, "read a topic", this.#context.logger));
      }
    };
    this.#reader = { pseudonym, subscription: new Subscription(room, from2, output, this.#context) };
  }
  drain(reason) {
    this.#leave(reason);
    return new Promise((resolve2) => {
      this.#onSettled = resolve2;
      this.#settle();
    });
  }
  fail(error) {
    if (!this.#over) {
      this.#channel.send({ type: "error", ...toFailure(error) });
      this.#channel.end();
    }
    this.#finish();
  }
  onMessage(message) {
    if (message.type === "publish") void this.#publish(message);
    else if (message.type === "receipt") this.#confirm(message);
    else throw unexpected(message, "on a topic stream");
  }
  onDrain() {
    this.#reader?.subscription.resume();
  }
  onEnd() {
    this.#ended = true;
    this.#reader?.subscription.stop();
    this.#settle();
  }
  /** What was taken is still stored. */
  onGone() {
    this.#finish();
  }
  async #publish({ id: id2, kind, re, body }) {
    if (this.#leaving !== void 0 || this.#over) return;
    this.#open += 1;
    if (this.#open >= this.#context.limits.maxUnacknowledged) this.#channel.pause("unacknowledged");
    try {
      if (this.#room === void 0) throw protocolError("a message came before its topic was open");
      const text = this.#readText(body);
      const published = await this.#room.publish(this.#user, { id: id2, kind, text, re });
      this.#answer({ type: "ack", id: id2, ...published });
    } catch (thrown) {
      const error = toldError(thrown, "store a message", this.#context.logger);
      if (error.retryable) this.#leave(error);
      else this.#answer({ type: "refused", id: id2, ...toFailure(error) });
    }
    this.#open -= 1;
    if (this.#open <= this.#context.limits.maxUnacknowledged / 2) this.#channel.resume("unacknowledged");
    this.#settle();
  }
  #answer(answer2) {
    if (!this.#over) this.#channel.send(answer2);
  }
  #confirm({ first, last }) {
    if (this.#reader === void 0) throw protocolError("a receipt came on a stream that reads nothing");
    const { pseudonym, subscription } = this.#reader;
    if (first > last || last > subscription.last) {
      throw protocolError(`a receipt of ${first} to ${last} came behind entry ${subscription.last}`);
    }
    if (!this.#over) this.#room?.receipts.add(pseudonym, { first, last });
  }
  #readText(body) {
    const { maxTextBytes } = this.#context.limits;
    if (body.byteLength > maxTextBytes) {
      throw new RedRoomError(
        "TEXT_TOO_LARGE",
        `unable to take the message; ${body.byteLength} bytes, the limit is ${maxTextBytes}`
      );
    }
    if (body.byteLength === 0) throw new RedRoomError("TEXT_INVALID", "unable to take the message; it is empty");
    try {
      return fromUtf8(body);
    } catch (cause) {
      throw new RedRoomError("TEXT_INVALID", "unable to take the message; it is not UTF-8", { cause });
    }
  }
  #leave(reason) {
    this.#leaving ??= reason;
    this.#settle();
  }
  /** The reader is cut off, so that what it does not read need not be held. It may come back and go on where it stopped. */
  #cut(error) {
    this.#context.logger.warn({ user: this.#user.id, topic: this.#room?.id, code: error.code }, error.message);
    this.#channel.reset(CLOSE_CODES.slowConsumer);
    this.#finish();
  }
  #finish() {
    this.#over = true;
    this.#reader?.subscription.stop();
    this.#channel.resume("opening");
    this.#channel.resume("unacknowledged");
    this.#settle();
  }
  /** Once nothing is under way: ends our side behind the last answer, and gives the room back. */
  #settle() {
    if (this.#open > 0) return;
    if (this.#onSettled !== void 0) {
      this.#onSettled();
    } else if (this.#leaving !== void 0 && !this.#over) {
      this.fail(this.#leaving);
      return;
    }
    if (!(this.#ended || this.#over)) return;
    if (!this.#over) this.#channel.end();
    this.#over = true;
    if (this.#room !== void 0) this.#context.rooms.leave(this.#room);
    this.#room = void 0;
    if (!this.#done) this.#onDone();
    this.#done = true;
  }
};

// packages/sdk/src/server/peer-streams.ts
var PeerStreams = class {
  #context;
  #owner;
  #channels = /* @__PURE__ */ new Set();
  #served = /* @__PURE__ */ new Map();
  /** Why nothing new is taken. */
  #leaving;
  #held = false;
  constructor(context, owner) {
    const pages = new PageTurns(Math.max(1, Math.floor(context.maxPeerBytes / PAGE_BYTES)));
    this.#context = { ...context, pages };
    this.#owner = owner;
  }
  /** The first message of a stream says what it is for. */
  accept(stream) {
    let served;
    let refused2 = false;
    const gone = () => {
      this.#channels.delete(channel);
      served?.onGone();
    };
    const channel = new MessageChannel(
      stream,
      { maxFrameBytes: maxFrameBytes(this.#context.limits), answering: true },
      {
        onMessage: (message, bytes) => {
          this.#owner.onFrame(bytes);
          if (served !== void 0) served.onMessage(message);
          else if (refused2) throw unexpected(message, "behind a request");
          else served = this.#serve(message, channel);
          refused2 = served === void 0;
        },
        onEnd: () => {
          this.#channels.delete(channel);
          if (served !== void 0) served.onEnd();
          else channel.end();
        },
        onReset: gone,
        onViolation: (error) => {
          gone();
          this.#owner.onViolation(error);
        },
        onDrain: () => served?.onDrain()
      }
    );
    this.#channels.add(channel);
    if (this.#held) channel.pause("rate");
  }
  /** @returns `undefined` for a stream that was refused, and is ended. */
  #serve(message, channel) {
    const { user, spending } = this.#owner;
    const context = { ...this.#context, user };
    const onDone = () => void this.#served.delete(served);
    let served;
    if (message.type !== "openTopic" && !isRequest(message)) throw unexpected(message, "at the start of a stream");
    if (message.type === "openTopic" && message.id === void 0 === (message.title === void 0)) {
      throw unexpected(message, "without one of id and title");
    }
    try {
      if (this.#leaving !== void 0) throw this.#leaving;
      spending.request();
    } catch (thrown) {
      channel.send({ type: "error", ...toFailure(toldError(thrown, "open a stream", context.logger)) });
      channel.end();
      return void 0;
    }
    if (message.type === "openTopic") {
      const topic2 = new TopicStream2(channel, user, context, onDone);
      served = topic2;
      this.#served.set(served, channel);
      void topic2.open(message);
    } else {
      served = new RequestStream(message, channel, context, onDone);
      this.#served.set(served, channel);
    }
    return served;
  }
  /** Reads no frame until `release`: the client has sent more than it may for now. */
  hold() {
    this.#held = true;
    for (const channel of this.#channels) channel.pause("rate");
  }
  release() {
    this.#held = false;
    for (const channel of this.#channels) channel.resume("rate");
  }
  /** Takes nothing new. Resolves when all that was taken is answered. */
  async drain(reason) {
    this.#leaving = reason;
    await Promise.all([...this.#served.keys()].map((stream) => stream.drain(reason)));
  }
  /** Ends all streams that are open now, and says why. */
  fail(error) {
    for (const stream of [...this.#served.keys()]) stream.fail(error);
  }
  /** Ends all streams at once: nothing more goes in or out. */
  abort(reason) {
    this.#leaving = reason;
    for (const [stream, channel] of [...this.#served]) {
      channel.reset();
      stream.onGone();
    }
  }
};

// packages/sdk/src/server/peer.ts
var LINGER_MS = 1e3;
var Peer = class {
  #connection;
  #context;
  #onOnline;
  #spending;
  #gone = new AbortController();
  #session;
  #control;
  #streams;
  #admission;
  #timer;
  /** Runs while the client has sent more than it may. */
  #holdTimer;
  /** Whether it was the client, or the server, that ended the session of this connection in good order. */
  #endedBy;
  /** @param onOnline Called once, when somebody has logged in or has resumed a session. */
  constructor(connection, context, onOnline) {
    this.#connection = connection;
    this.#context = context;
    this.#onOnline = onOnline;
    this.#spending = context.quotas.open(this.#address);
    const [session, effects] = startServerSession(context.settings, context.clock.now(), this.#spending.refusal);
    this.#session = session;
    for (const effect of effects) this.#run(effect);
    connection.onStream = (stream) => this.#accept(stream);
    void connection.closed.then((end2) => this.#release(end2));
  }
  /** Takes nothing new. Resolves when all that was taken is answered. */
  async drain(reason) {
    await this.#streams?.drain(reason);
  }
  /** Sends the client away. Resolves when it is gone. */
  async dismiss(error) {
    this.#streams?.fail(error);
    this.#step({ type: "dismissed", error, code: CLOSE_CODES.shuttingDown });
    await this.#connection.closed;
  }
  /** Tells whether the store can be used. While it cannot, nothing is acknowledged or delivered. */
  tellAvailability(outage) {
    if (outage !== void 0) this.#streams?.fail(outage);
    this.#step({
      type: "availability",
      available: outage === void 0,
      ...outage !== void 0 && { message: toFailure(outage).message }
    });
  }
  replaced() {
    this.#step({ type: "dropped", code: CLOSE_CODES.revoked, reason: "REPLACED" });
  }
  revoked(error) {
    this.#streams?.abort(error);
    this.#step({ type: "dismissed", error, code: CLOSE_CODES.revoked });
  }
  get #address() {
    return this.#connection.remoteAddress.replace(/:\d+$/, "");
  }
  #accept(stream) {
    if (this.#control === void 0) this.#control = this.#acceptControl(stream);
    else if (this.#streams !== void 0) this.#streams.accept(stream);
    else this.#violate(new RedRoomError("PROTOCOL_ERROR", "a stream before the login"));
  }
  #acceptControl(stream) {
    return new MessageChannel(
      stream,
      { maxFrameBytes: MAX_FRAME_BYTES_BEFORE_LOGIN, answering: true },
      {
        onMessage: (message, bytes) => {
          this.#pay(bytes);
          this.#step({ type: "message", message });
        },
        onEnd: () => {
          this.#endedBy ??= "client";
          this.#step({ type: "end" });
        },
        onReset: () => this.#step({ type: "end" }),
        onViolation: (error) => this.#violate(error),
        onDrain: () => {
        }
      }
    );
  }
  #step(input) {
    const { settings, clock } = this.#context;
    const [session, effects] = stepServerSession(this.#session, input, settings, clock.now());
    this.#session = session;
    for (const effect of effects) this.#run(effect);
  }
  #run(effect) {
    switch (effect.type) {
      case "send":
        if (this.#control?.send(effect.message) === false) this.#dropSlow();
        return;
      case "authenticate":
        void this.#authenticate(effect.name, effect.password);
        return;
      case "resume":
        this.#resume(effect.token);
        return;
      case "online":
        this.#goOnline(effect.admission);
        return;
      case "confirm":
        if (this.#admission !== void 0) this.#context.sessions.confirm(this, this.#admission);
        return;
      case "setTimer":
        this.#setTimer(effect.at);
        return;
      case "disconnect":
        this.#disconnect(effect.code, effect.reason, effect.lingering);
    }
  }
  async #authenticate(name, password) {
    const { logins, login, sessions, logger } = this.#context;
    const since = sessions.revocations;
    try {
      const account = await logins.run(this.#address, this.#gone.signal, () => login({ name, password }));
      if (this.#gone.signal.aborted || this.#session.phase !== "checking") return;
      this.#spending.identify(account.user.id);
      this.#admit(sessions.begin(account, this, since));
    } catch (thrown) {
      this.#step({ type: "refused", error: toldError(thrown, "log in", logger) });
    }
  }
  #resume(token) {
    const { sessions } = this.#context;
    let admission;
    try {
      admission = sessions.resume(token, this);
    } catch (thrown) {
      this.#step({ type: "resumeRefused", error: toldError(thrown, "resume a session", this.#context.logger) });
      return;
    }
    try {
      this.#spending.identify(admission.user.id);
      this.#admit(admission);
    } catch (thrown) {
      sessions.release(this, admission, false);
      this.#step({ type: "refused", error: toldError(thrown, "resume a session", this.#context.logger) });
    }
  }
  #admit(admission) {
    this.#step({ type: "admitted", admission });
    const outage = this.#context.outage();
    if (outage !== void 0) this.tellAvailability(outage);
  }
  #goOnline(admission) {
    const { streams, settings } = this.#context;
    this.#admission = admission;
    this.#streams = new PeerStreams(streams, {
      user: admission.user,
      spending: this.#spending,
      onFrame: (bytes) => this.#pay(bytes),
      onViolation: (error) => this.#violate(error)
    });
    if (this.#control !== void 0) this.#control.maxFrameBytes = maxFrameBytes(settings.limits);
    this.#onOnline(admission);
  }
  #setTimer(at) {
    const { clock } = this.#context;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(() => this.#step({ type: "timer" }), Math.max(0, at - clock.now()));
  }
  /** What a client sends beyond its quota is not read before its time. */
  #pay(bytes) {
    const waitMs = this.#spending.frame(bytes);
    if (waitMs === 0 || this.#holdTimer !== void 0) return;
    this.#control?.pause("rate");
    this.#streams?.hold();
    this.#holdTimer = this.#context.clock.setTimer(() => {
      this.#holdTimer = void 0;
      this.#control?.resume("rate");
      this.#streams?.release();
    }, waitMs);
  }
  /** The client closes once it has read the last message; who does not is closed after a moment. */
  #disconnect(code, reason, lingering) {
    if (code !== CLOSE_CODES.normal) this.#endedBy ??= "server";
    this.#timer?.cancel();
    this.#control?.end();
    if (!lingering) this.#connection.close(code, reason);
    else this.#timer = this.#context.clock.setTimer(() => this.#connection.close(code, reason), LINGER_MS);
  }
  /** Not even its control stream is read. */
  #dropSlow() {
    this.#context.logger.warn(
      { peer: this.#connection.remoteAddress, code: "SLOW_CONSUMER" },
      "a client reads nothing"
    );
    this.#step({ type: "dropped", code: CLOSE_CODES.slowConsumer, reason: "SLOW_CONSUMER" });
  }
  #violate(error) {
    this.#context.logger.warn({ peer: this.#connection.remoteAddress, code: error.code }, error.message);
    this.#step({ type: "dropped", code: CLOSE_CODES.protocolError, reason: error.message.slice(0, 200) });
  }
  /** The session outlives its connection, unless the client has left in good order. */
  #release({ by, code }) {
    this.#timer?.cancel();
    this.#holdTimer?.cancel();
    this.#gone.abort();
    this.#spending.close();
    if (by === "peer" && code === CLOSE_CODES.normal) this.#endedBy ??= "client";
    if (this.#admission !== void 0) {
      this.#context.sessions.release(this, this.#admission, this.#endedBy === "client");
    }
  }
};

// packages/sdk/src/server/rate-limit.ts
var BURST_MS = 4e3;
var RateLimit = class {
  #perMs;
  #clock;
  #tokens;
  #at;
  constructor(perSecond, clock) {
    this.#perMs = perSecond / 1e3;
    this.#clock = clock;
    this.#tokens = this.#most;
    this.#at = clock.now();
  }
  get #most() {
    return Math.max(1, this.#perMs * BURST_MS);
  }
  /** How long until `amount` may be taken; 0 where it may be now. */
  waitMs(amount) {
    this.#refill();
    const missing = Math.min(amount, this.#most) - this.#tokens;
    return missing <= 0 ? 0 : Math.ceil(missing / this.#perMs);
  }
  /** Takes also what is not there: who comes next waits for it. */
  take(amount) {
    this.#refill();
    this.#tokens -= amount;
  }
  #refill() {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#most, this.#tokens + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = now;
  }
};

// packages/sdk/src/server/quotas.ts
var MIB = 1024 * 1024;
var DEFAULT_QUOTAS = {
  connection: { requestsPerSecond: 500, framesPerSecond: 2e4, bytesPerSecond: 64 * MIB },
  address: {
    connections: 2e3,
    requestsPerSecond: 5e3,
    framesPerSecond: 1e5,
    bytesPerSecond: 256 * MIB
  },
  user: { connections: 2e3, requestsPerSecond: 5e3, framesPerSecond: 5e4, bytesPerSecond: 128 * MIB }
};
function resolveQuotas(given = {}) {
  const quotas = {
    connection: { ...DEFAULT_QUOTAS.connection, ...given.connection },
    address: { ...DEFAULT_QUOTAS.address, ...given.address },
    user: { ...DEFAULT_QUOTAS.user, ...given.user }
  };
  for (const [scope, rates] of Object.entries(quotas)) {
    for (const [name, value] of Object.entries(rates)) {
      if (value >= 1 && Number.isFinite(value)) continue;
      throw new RedRoomError("OPTIONS_INVALID", `unable to use quotas.${scope}.${name}; ${value} is not 1 or more`);
    }
  }
  return quotas;
}
var RETRY_CONNECTION_MS = 5e3;
var Allowance = class {
  quota;
  requests;
  frames;
  bytes;
  connections = 0;
  /** When its last connection ended. */
  idleAt = 0;
  constructor(quota, clock) {
    this.quota = quota;
    this.requests = new RateLimit(quota.requestsPerSecond, clock);
    this.frames = new RateLimit(quota.framesPerSecond, clock);
    this.bytes = new RateLimit(quota.bytesPerSecond, clock);
  }
};
var Allowances = class {
  #quota;
  #clock;
  #used = /* @__PURE__ */ new Map();
  #idle = /* @__PURE__ */ new Map();
  constructor(quota, clock) {
    this.#quota = quota;
    this.#clock = clock;
  }
  /** @returns `undefined` when there are as many connections as there may be. */
  enter(key2) {
    this.#tidy();
    const allowance = this.#used.get(key2) ?? this.#idle.get(key2) ?? new Allowance(this.#quota, this.#clock);
    if (allowance.connections >= this.#quota.connections) return void 0;
    allowance.connections += 1;
    this.#idle.delete(key2);
    this.#used.set(key2, allowance);
    return allowance;
  }
  leave(key2, allowance) {
    allowance.connections -= 1;
    if (allowance.connections > 0) return;
    this.#used.delete(key2);
    allowance.idleAt = this.#clock.now();
    this.#idle.set(key2, allowance);
  }
  /** Forgets those who have their full allowance again. */
  #tidy() {
    const before = this.#clock.now() - BURST_MS;
    for (const [key2, { idleAt }] of this.#idle) {
      if (idleAt > before) return;
      this.#idle.delete(key2);
    }
  }
};
var QuotaBook = class {
  #quotas;
  #clock;
  #addresses;
  #users;
  constructor(quotas, clock) {
    this.#quotas = quotas;
    this.#clock = clock;
    this.#addresses = new Allowances(quotas.address, clock);
    this.#users = new Allowances(quotas.user, clock);
  }
  /** Opens the account of a new connection. */
  open(address) {
    const own = new Allowance({ connections: 1, ...this.#quotas.connection }, this.#clock);
    return new Spending(own, this.#addresses, address, this.#users);
  }
};
var Spending = class {
  /** Why the connection is one too many. */
  refusal;
  #allowances;
  #users;
  #leaves = [];
  #closed = false;
  constructor(own, addresses, address, users) {
    this.#allowances = [own];
    this.#users = users;
    if (!this.#enter(addresses, address)) this.refusal = tooManyConnections("address");
  }
  /** @throws {RedRoomError} `TOO_MANY_CONNECTIONS` when the user has as many as there may be. */
  identify(userId) {
    if (!this.#enter(this.#users, userId)) throw tooManyConnections("user");
  }
  /** @throws {RedRoomError} `TOO_MANY_REQUESTS`, with the time to wait. */
  request() {
    const waitMs = Math.max(...this.#allowances.map(({ requests }) => requests.waitMs(1)));
    if (waitMs > 0) {
      throw new RedRoomError(
        "TOO_MANY_REQUESTS",
        "unable to serve now; more was asked for than is allowed in a second",
        {
          retryable: true,
          retryAfterMs: waitMs
        }
      );
    }
    for (const { requests } of this.#allowances) requests.take(1);
  }
  /** A frame was read. @returns How long to read no further one. */
  frame(bytes) {
    let waitMs = 0;
    for (const allowance of this.#allowances) {
      allowance.frames.take(1);
      allowance.bytes.take(bytes);
      waitMs = Math.max(waitMs, allowance.frames.waitMs(0), allowance.bytes.waitMs(0));
    }
    return waitMs;
  }
  close() {
    this.#closed = true;
    for (const leave2 of this.#leaves.splice(0)) leave2();
  }
  #enter(allowances, key2) {
    const allowance = allowances.enter(key2);
    if (allowance === void 0) return false;
    this.#allowances.push(allowance);
    this.#leaves.push(() => allowances.leave(key2, allowance));
    if (this.#closed) this.close();
    return true;
  }
};
var tooManyConnections = (whose) => new RedRoomError("TOO_MANY_CONNECTIONS", `unable to connect; this ${whose} has as many connections as it may have`, {
  retryable: true,
  retryAfterMs: RETRY_CONNECTION_MS
});

// packages/sdk/src/server/server-options.ts
var NUMBERS2 = {
  heartbeatMs: 1e4,
  loginTimeoutMs: 5e3,
  sessionTtlMs: 6e5,
  slowConsumerMs: 3e4,
  maxPeerBytes: 4 * 1024 * 1024
};
function resolveServerOptions(options) {
  const { store, tls, authenticate, logger = silentLogger, clock = systemClock } = options;
  if (authenticate === void 0 && store.users === void 0) {
    throw optionsInvalid("the store has no users, so `authenticate` is needed");
  }
  const transport = options.transport ?? (tls && quicTransport({ tls }));
  if (transport === void 0) throw optionsInvalid("either `tls` or `transport` is needed");
  const numbers = Object.fromEntries(
    Object.entries(NUMBERS2).map(([name, usual]) => [name, options[name] ?? usual])
  );
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw optionsInvalid(`${name} must be a whole number above 0, not ${String(value)}`);
    }
  }
  const [limits, quotas] = [resolveLimits(options.limits), resolveQuotas(options.quotas)];
  return { transport, store, authenticate, limits, quotas, ...numbers, logger, clock };
}
var optionsInvalid = (reason) => new RedRoomError("OPTIONS_INVALID", `unable to serve; ${reason}`);

// packages/sdk/src/server/sessions.ts
import { createHash as createHash5, randomBytes as randomBytes5 } from "node:crypto";
var SESSION_LIMITS = { ttlMs: 6e5, maxSuspended: 1e4, maxSuspendedPerUser: 64 };
var Sessions = class {
  #clock;
  #limits;
  #byToken = /* @__PURE__ */ new Map();
  #byUser = /* @__PURE__ */ new Map();
  /** In the order in which they end. */
  #suspended = /* @__PURE__ */ new Set();
  /** From user to the number of the last revocation. */
  #revoked = /* @__PURE__ */ new Map();
  #revocations = 0;
  #timer;
  constructor(clock, limits = SESSION_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }
  get size() {
    let size = 0;
    for (const sessions of this.#byUser.values()) size += sessions.size;
    return size;
  }
  /** Users with a session, and what was true of each when that session began. */
  accounts() {
    return [...this.#byUser.values()].flatMap((sessions) => [...sessions].map(({ account }) => account));
  }
  /**
   * @param since `revocations` when the login began to be checked.
   * @throws {RedRoomError} `SESSION_REVOKED` when the user was revoked meanwhile: what was checked counts no more.
   */
  begin(account, carrier, since) {
    if ((this.#revoked.get(account.user.id) ?? 0) > since) throw sessionRevoked("the user was revoked meanwhile");
    const session = { id: randomId(), account, token: "", previous: void 0, carrier, endsAt: 0 };
    const { user } = account;
    this.#byUser.set(user.id, (this.#byUser.get(user.id) ?? /* @__PURE__ */ new Set()).add(session));
    return { user, sessionId: session.id, token: this.#rotate(session), resumed: false };
  }
  /**
   * Continues a session on another connection, which takes it over from the one it had.
   *
   * @throws {RedRoomError} `SESSION_UNKNOWN`.
   */
  resume(token, carrier) {
    const used = digest(token);
    const session = this.#byToken.get(used);
    if (session === void 0) throw sessionUnknown();
    this.#byToken.delete(session.token);
    if (session.previous !== void 0) this.#byToken.delete(session.previous);
    session.previous = used;
    this.#byToken.set(used, session);
    const replaced = session.carrier;
    session.carrier = carrier;
    this.#suspended.delete(session);
    this.#setTimer();
    const next = this.#rotate(session);
    replaced?.replaced();
    return { user: session.account.user, sessionId: session.id, token: next, resumed: true };
  }
  /** The client has shown that it has its newest token. */
  confirm(carrier, { sessionId, user }) {
    const session = this.#find(user.id, sessionId);
    if (session?.carrier !== carrier || session.previous === void 0) return;
    this.#byToken.delete(session.previous);
    session.previous = void 0;
  }
  /** The connection is gone. Its session waits to be resumed, unless the client has left for good. */
  release(carrier, { sessionId, user }, left) {
    const session = this.#find(user.id, sessionId);
    if (session?.carrier !== carrier) return;
    if (left) {
      this.#forget(session);
      return;
    }
    session.carrier = void 0;
    session.endsAt = this.#clock.now() + this.#limits.ttlMs;
    this.#suspended.add(session);
    this.#bound(session);
    this.#setTimer();
  }
  /** How often a user was revoked. */
  get revocations() {
    return this.#revocations;
  }
  /** Ends all sessions of a user at once, and logins under way too. @returns How many sessions there were. */
  revokeUser(userId, reason) {
    this.#revoked.set(userId, ++this.#revocations);
    return this.revoke(({ user }) => user.id === userId, reason);
  }
  /** Ends the sessions of these accounts at once. @returns How many there were. */
  revoke(concerns, reason) {
    const sessions = [...this.#byUser.values()].flatMap((own) => [...own].filter(({ account }) => concerns(account)));
    for (const session of sessions) {
      this.#forget(session);
      session.carrier?.revoked(sessionRevoked(reason));
    }
    return sessions.length;
  }
  /** Forgets all sessions. */
  close() {
    this.#byToken.clear();
    this.#byUser.clear();
    this.#suspended.clear();
    this.#setTimer();
  }
  #find(userId, sessionId) {
    return [...this.#byUser.get(userId) ?? []].find(({ id: id2 }) => id2 === sessionId);
  }
  #rotate(session) {
    const token = toBase64Url(randomBytes5(32));
    session.token = digest(token);
    this.#byToken.set(session.token, session);
    return token;
  }
  #bound({ account }) {
    const { maxSuspended, maxSuspendedPerUser } = this.#limits;
    const own = [...this.#byUser.get(account.user.id) ?? []].filter((session) => this.#suspended.has(session));
    if (own.length > maxSuspendedPerUser) this.#forget(own.reduce((a, b) => b.endsAt < a.endsAt ? b : a));
    const [oldest] = this.#suspended;
    if (oldest !== void 0 && this.#suspended.size > maxSuspended) this.#forget(oldest);
  }
  #forget(session) {
    this.#byToken.delete(session.token);
    if (session.previous !== void 0) this.#byToken.delete(session.previous);
    const { id: id2 } = session.account.user;
    const sessions = this.#byUser.get(id2);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byUser.delete(id2);
    if (this.#suspended.delete(session)) this.#setTimer();
  }
  /** One timer, for the session that ends next. */
  #setTimer() {
    this.#timer?.cancel();
    this.#timer = void 0;
    for (const { endsAt } of this.#suspended) {
      this.#timer = this.#clock.setTimer(() => this.#expire(), Math.max(0, endsAt - this.#clock.now()));
      return;
    }
  }
  #expire() {
    const now = this.#clock.now();
    for (const session of [...this.#suspended]) {
      if (session.endsAt > now) break;
      this.#forget(session);
    }
    this.#setTimer();
  }
};
var digest = (token) => createHash5("sha256").update(token).digest("base64url");
var sessionRevoked = (reason) => new RedRoomError("SESSION_REVOKED", `unable to go on; ${reason}`, { remedy: "log in again" });
var sessionUnknown = () => new RedRoomError("SESSION_UNKNOWN", "unable to resume; the session has ended, or the server was started anew", {
  remedy: "log in again"
});

// packages/sdk/src/server/outage-log.ts
var REPEAT_MS = 6e4;
var OutageLog = class {
  #logger;
  #clock;
  #told;
  #silent = false;
  constructor(logger, clock) {
    this.#logger = logger;
    this.#clock = clock;
  }
  failed(error) {
    const now = this.#clock.now();
    this.#silent = this.#told?.reason === error.message && now - this.#told.at < REPEAT_MS;
    if (this.#silent) return;
    this.#told = { reason: error.message, at: now };
    this.#logger.error({ error }, "the store is unavailable: nothing is stored, acknowledged or delivered");
  }
  worked() {
    if (!this.#silent) this.#logger.info({}, "the store is available again");
  }
};

// packages/sdk/src/server/store-gate.ts
var PROBE_MS = 500;
var PROBE_TIMEOUT_MS = 3e3;
var MIN_RETRY_MS = 100;
var MAX_RETRY_MS = 1e3;
var STEADY_MS = 1e4;
var StoreGate = class {
  users;
  #store;
  #clock;
  #log;
  #onChange;
  /** The calls under way, by what rejects them. */
  #calls = /* @__PURE__ */ new Set();
  #outage;
  #timer;
  /** Probing or recovering. */
  #working = Promise.resolve();
  /** Attempts in vain, and failures that came soon after an attempt that was not. */
  #setbacks = 0;
  #openedAt = 0;
  /** Whose record it is: a store that comes back with another one stays outside. */
  #logKey = "";
  #knownTopic;
  #closed = false;
  constructor(store, { clock, logger, onChange }) {
    this.#store = store;
    this.#clock = clock;
    this.#log = new OutageLog(logger, clock);
    this.#onChange = onChange;
    const { users } = store;
    this.users = users && {
      createUser: (user) => this.#pass(() => users.createUser(user)),
      findUser: (name) => this.#pass(() => users.findUser(name)),
      setPasswordHash: (id2, hash2) => this.#pass(() => users.setPasswordHash(id2, hash2)),
      listUsers: () => this.#pass(() => users.listUsers())
    };
  }
  /** Why the store cannot be used now. */
  get outage() {
    return this.#outage;
  }
  /** @throws What the store throws: a server does not begin to serve without its store. */
  async open() {
    await this.#store.open();
    this.#logKey = toBase64Url(await this.#store.logKey());
    this.#watch();
  }
  async close() {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#working;
    await this.#store.close();
  }
  createTopic(topic2) {
    return this.#pass(() => this.#store.createTopic(topic2));
  }
  async findTopic(by) {
    const topic2 = await this.#pass(() => this.#store.findTopic(by));
    this.#knownTopic = topic2?.id ?? this.#knownTopic;
    return topic2;
  }
  listTopics(page) {
    return this.#pass(() => this.#store.listTopics(page));
  }
  pseudonym(topicId, person) {
    return this.#pass(() => this.#store.pseudonym(topicId, person));
  }
  people(topicId) {
    return this.#pass(() => this.#store.people(topicId));
  }
  received(topicId) {
    return this.#pass(() => this.#store.received(topicId));
  }
  append(topicId, key2, build) {
    return this.#pass((isOpen) => this.#store.append(topicId, key2, whileOpen(build, isOpen)));
  }
  logKey() {
    return this.#pass(() => this.#store.logKey());
  }
  checkpoint(topicId) {
    return this.#pass(() => this.#store.checkpoint(topicId));
  }
  frontier(topicId, size) {
    return this.#pass(() => this.#store.frontier(topicId, size));
  }
  proveInclusion(topicId, seq2, size) {
    return this.#pass(() => this.#store.proveInclusion(topicId, seq2, size));
  }
  proveConsistency(topicId, first, second) {
    return this.#pass(() => this.#store.proveConsistency(topicId, first, second));
  }
  erase(topicId, seq2, key2, build) {
    return this.#pass((isOpen) => this.#store.erase(topicId, seq2, key2, whileOpen(build, isOpen)));
  }
  read(topicId, page) {
    return this.#pass(() => this.#store.read(topicId, page));
  }
  probe() {
    return this.#pass(() => this.#store.probe());
  }
  /** @param call Gets to know whether the gate is still open that it has entered by. */
  #pass(call) {
    return new Promise((resolve2, reject) => {
      if (this.#outage !== void 0) return reject(unavailable2());
      this.#calls.add(reject);
      call(() => this.#calls.has(reject)).then(
        (result) => {
          if (this.#calls.delete(reject)) resolve2(result);
        },
        (thrown) => {
          if (!this.#calls.delete(reject)) return;
          const outage = asOutage(thrown);
          reject(outage === void 0 ? thrown : unavailable2(outage));
          if (outage !== void 0) this.#shut(outage);
        }
      );
    });
  }
  #shut(outage) {
    if (this.#outage !== void 0 || this.#closed) return;
    this.#outage = outage;
    const steady = this.#clock.now() - this.#openedAt >= STEADY_MS;
    this.#setbacks = steady ? 0 : this.#setbacks + 1;
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const reject of calls) reject(unavailable2());
    this.#log.failed(outage);
    this.#onChange(outage);
    this.#retry();
  }
  #retry() {
    const delayMs = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** this.#setbacks);
    this.#run(() => this.#recover(), delayMs);
  }
  async #recover() {
    try {
      await this.#store.close();
      await this.#store.open();
      await this.#store.probe();
      await this.#recognise();
    } catch (thrown) {
      this.#setbacks += 1;
      const outage = asOutage(thrown);
      if (outage !== void 0) this.#outage = outage;
      if (!this.#closed) this.#retry();
      return;
    }
    if (this.#closed) return;
    this.#outage = void 0;
    this.#openedAt = this.#clock.now();
    this.#log.worked();
    this.#watch();
    this.#onChange(void 0);
  }
  /** Topics are never removed, and the key stays while the server runs. */
  async #recognise() {
    const id2 = this.#knownTopic;
    const there = id2 === void 0 || await this.#store.findTopic({ id: id2 }) !== void 0;
    if (!there || toBase64Url(await this.#store.logKey()) !== this.#logKey) throw otherRecord();
  }
  #watch() {
    this.#run(async () => {
      const deadline = this.#setDeadline();
      await this.probe().catch(() => {
      });
      deadline.cancel();
      if (this.#outage === void 0 && !this.#closed) this.#watch();
    }, PROBE_MS);
  }
  #setDeadline() {
    const dueAt = this.#clock.now() + PROBE_TIMEOUT_MS;
    let timer = this.#clock.setTimer(() => {
      const late = this.#clock.now() - dueAt > PROBE_MS;
      if (late) timer = this.#setDeadline();
      else this.#shut(silent());
    }, PROBE_TIMEOUT_MS);
    return { cancel: () => timer.cancel() };
  }
  /** One timer, and one piece of work at a time. */
  #run(work, delayMs) {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(() => {
      this.#working = this.#working.then(work);
    }, delayMs);
  }
};
function whileOpen(build, isOpen) {
  return (head) => {
    if (!isOpen()) throw unavailable2();
    return build(head);
  };
}
var OUTAGES = /* @__PURE__ */ new Set([
  "STORE_UNAVAILABLE",
  "STORE_CLOSED",
  "STORE_FOREIGN",
  "STORE_TOO_NEW",
  "RECORD_DAMAGED"
]);
function asOutage(thrown) {
  if (thrown instanceof RedRoomError) return OUTAGES.has(thrown.code) ? thrown : void 0;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new RedRoomError("STORE_UNAVAILABLE", `unable to use the store; ${reason}`, {
    cause: thrown,
    retryable: true
  });
}
var unavailable2 = (cause) => new RedRoomError("STORE_UNAVAILABLE", "unable to use the store now; it has failed, and is being opened anew", {
  cause,
  retryable: true
});
var silent = () => new RedRoomError("STORE_UNAVAILABLE", `unable to use the store; no answer for ${PROBE_TIMEOUT_MS} ms`, {
  retryable: true
});
var otherRecord = () => new RedRoomError("STORE_FOREIGN", "unable to go on with the store; it came back with another record or key", {
  remedy: "put the database and its key back, or restart the server to serve what is there now"
});

// packages/sdk/src/server/topic-rooms.ts
var REFRESH_MS = 1e3;
var TopicRooms = class {
  #context;
  #open = /* @__PURE__ */ new Map();
  /** Whose users each room that was entered counts: also rooms of before the store failed. */
  #entered = /* @__PURE__ */ new WeakMap();
  #timer;
  #refreshing = false;
  constructor(context) {
    this.#context = context;
  }
  /**
   * Call `leave` once for each room entered, when nothing of it is under way any more.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  async enter(by) {
    const topic2 = await this.#context.store.findTopic(by);
    if (topic2 === void 0) throw topicUnknown2(by);
    const open = this.#open.get(topic2.id) ?? { room: this.#make(topic2.id), users: 0 };
    open.users += 1;
    this.#open.set(topic2.id, open);
    this.#startTimer();
    try {
      const room = await open.room;
      this.#entered.set(room, open);
      return room;
    } catch (error) {
      this.#release(topic2.id, open);
      throw error;
    }
  }
  /** Reads the head only once the room is known to all: nobody can then append past it unseen. */
  async #make(id2) {
    const topic2 = await this.#context.store.findTopic({ id: id2 });
    if (topic2 === void 0) throw topicUnknown2({ id: id2 });
    const room = new TopicRoom(topic2, this.#context);
    await room.load();
    return room;
  }
  /** What was confirmed by those who leave is still put on record. */
  leave(room) {
    const open = this.#entered.get(room);
    if (open === void 0) return;
    if (open.users > 1) open.users -= 1;
    else void room.receipts.flush().then(() => this.#release(room.id, open));
  }
  /** Puts on record what readers have confirmed. */
  async flush() {
    await Promise.allSettled([...this.#open.values()].map(async ({ room }) => (await room).receipts.flush()));
  }
  /** Forgets what is known of all topics: the store has failed, and what it has may be something else. */
  reset() {
    for (const { room } of this.#open.values()) void room.then(({ receipts }) => receipts.close()).catch(() => {
    });
    this.#open.clear();
    this.#stopTimer();
  }
  #release(id2, open) {
    open.users -= 1;
    if (open.users > 0 || this.#open.get(id2) !== open) return;
    this.#open.delete(id2);
    if (this.#open.size === 0) this.#stopTimer();
  }
  /** One round at a time: a slow store is not asked again before it has answered. */
  async #refresh() {
    this.#timer = void 0;
    this.#refreshing = true;
    await Promise.allSettled([...this.#open.values()].map(async ({ room }) => (await room).refresh()));
    this.#refreshing = false;
    if (this.#open.size > 0) this.#startTimer();
  }
  #startTimer() {
    if (!this.#refreshing) this.#timer ??= this.#context.clock.setTimer(() => void this.#refresh(), REFRESH_MS);
  }
  #stopTimer() {
    this.#timer?.cancel();
    this.#timer = void 0;
  }
};
function topicUnknown2(by) {
  const wanted = "id" in by ? `the id ${by.id}` : `the title "${by.title}"`;
  return new RedRoomError("TOPIC_UNKNOWN", `unable to find the topic; there is none with ${wanted}`, {
    remedy: "look at the list of topics; a title must match exactly"
  });
}

// packages/sdk/src/server/user-watch.ts
var WATCH_MS = 900;
var UserWatch = class {
  #users;
  #sessions;
  #clock;
  #timer;
  #asking = false;
  #over = false;
  constructor(users, sessions, clock) {
    this.#users = users;
    this.#sessions = sessions;
    this.#clock = clock;
  }
  /** A session has begun. */
  start() {
    if (this.#over || this.#asking) return;
    this.#timer ??= this.#clock.setTimer(() => void this.#look(), WATCH_MS);
  }
  close() {
    this.#over = true;
    this.#timer?.cancel();
    this.#timer = void 0;
  }
  async #look() {
    this.#timer = void 0;
    this.#asking = true;
    try {
      const watched2 = new Set(this.#sessions.accounts().filter(({ basis }) => basis !== void 0));
      if (watched2.size > 0) {
        const present = new Map((await this.#users.listUsers()).map((user) => [user.id, basisOf(user)]));
        const changed = (account) => watched2.has(account) && present.get(account.user.id) !== account.basis;
        this.#sessions.revoke(changed, "the password or the rights have changed");
      }
    } catch {
    }
    this.#asking = false;
    if (this.#sessions.size > 0) this.start();
  }
};

// packages/sdk/src/server/redroom-server.ts
var RedRoomServer = class extends import_index.default {
  #settings;
  /** The one way to the store. */
  #store;
  #rooms;
  #sessions;
  #watch;
  #shared;
  #peers = /* @__PURE__ */ new Set();
  #listener;
  #closing;
  /** @throws {RedRoomError} `OPTIONS_INVALID`. */
  constructor(options) {
    super();
    const settings = resolveServerOptions(options);
    const { clock, logger, limits, authenticate, quotas, slowConsumerMs, maxPeerBytes, sessionTtlMs } = settings;
    const store = new StoreGate(settings.store, { clock, logger, onChange: (outage) => this.#onAvailability(outage) });
    const login = authenticate ? loginWith(authenticate) : store.users && loginOf(store.users);
    if (login === void 0) throw optionsInvalid("nobody could log in");
    const rooms = new TopicRooms({ store, clock, logger });
    const sessions = new Sessions(clock, { ...SESSION_LIMITS, ttlMs: sessionTtlMs });
    this.#settings = settings;
    this.#store = store;
    this.#rooms = rooms;
    this.#sessions = sessions;
    this.#watch = authenticate || !store.users ? void 0 : new UserWatch(store.users, sessions, clock);
    this.#shared = {
      streams: { store, rooms, limits, clock, logger, slowConsumerMs, maxPeerBytes },
      sessions,
      login,
      logins: new LoginQueue(),
      quotas: new QuotaBook(quotas, clock),
      clock,
      logger,
      outage: () => store.outage
    };
  }
  /**
   * Opens the store and serves.
   *
   * @returns What clients dial, with the pin of the server's key in it.
   * @throws {RedRoomError} `PORT_TAKEN`, `ADDRESS_UNAVAILABLE`, `CERTIFICATE_EXPIRED`, `CERTIFICATE_INVALID`,
   * `STORE_FOREIGN`, `STORE_TOO_NEW`, `STORE_UNAVAILABLE`.
   */
  async listen(options = {}) {
    if (this.#listener !== void 0 || this.#closing !== void 0) {
      throw optionsInvalid("a server listens once; make a new one");
    }
    this.#listener = this.#open(options);
    try {
      return { address: formatAddress((await this.#listener).address) };
    } catch (error) {
      await this.close();
      throw error;
    }
  }
  async #open(options) {
    await this.#store.open();
    const logKey = await this.#store.logKey();
    let settings;
    const listener = await this.#settings.transport.listen(options, (connection) => {
      if (settings === void 0 || this.#closing !== void 0) {
        connection.close(CLOSE_CODES.shuttingDown, "SHUTTING_DOWN");
      } else {
        this.#accept(connection, settings);
      }
    });
    const certificate = listener.sign?.(logKeyStatement(logKey));
    settings = {
      limits: this.#settings.limits,
      heartbeatMs: this.#settings.heartbeatMs,
      loginTimeoutMs: this.#settings.loginTimeoutMs,
      logKey: toBase64Url(logKey),
      logKeyCertificate: certificate && toBase64Url(certificate)
    };
    return listener;
  }
  #accept(connection, settings) {
    let online;
    const { remoteAddress } = connection;
    const peer = new Peer(connection, { ...this.#shared, settings }, ({ user, resumed }) => {
      online = user;
      this.#watch?.start();
      this.emit("online", { user, remoteAddress, resumed });
    });
    this.#peers.add(peer);
    void connection.closed.then(() => {
      this.#peers.delete(peer);
      if (online !== void 0) this.emit("offline", { user: online, remoteAddress });
    });
  }
  #onAvailability(outage) {
    this.#rooms.reset();
    for (const peer of this.#peers) peer.tellAvailability(outage);
    this.emit("availability", { available: outage === void 0, ...outage !== void 0 && { error: outage } });
  }
  /**
   * Adds a topic.
   *
   * @throws {RedRoomError} `TITLE_INVALID`, `TOPIC_EXISTS`, `STORE_UNAVAILABLE`.
   */
  async createTopic(title) {
    await this.#listener;
    return createTopic(this.#store, title, this.#settings);
  }
  /**
   * Ends all sessions of a user at once, also where they are online: after a change of rights or password that the store
   * does not know of. Those of the store are noticed within a second without a call.
   *
   * @returns How many sessions there were.
   */
  revoke(userId) {
    return this.#sessions.revokeUser(userId, "the session was revoked");
  }
  /**
   * Takes nothing new, finishes what is under way, tells the clients when to come back, frees the port and closes the store.
   * Idempotent.
   */
  close({ drainMs = 2e3, retryAfterMs = 1e3 } = {}) {
    this.#closing ??= this.#close(drainMs, shuttingDown(retryAfterMs));
    return this.#closing;
  }
  async #close(drainMs, reason) {
    const listener = await this.#listener?.catch(() => void 0);
    this.#watch?.close();
    if (listener !== void 0) {
      await this.#within(drainMs, this.#sendAway(reason));
      await listener.close(CLOSE_CODES.shuttingDown, "SHUTTING_DOWN");
    }
    this.#sessions.close();
    await this.#store.close();
    this.#rooms.reset();
  }
  /** Readers get what was stored last before anybody is sent away. */
  async #sendAway(reason) {
    const peers = [...this.#peers];
    await Promise.all(peers.map((peer) => peer.drain(reason)));
    await this.#rooms.flush();
    await Promise.all([...this.#peers].map((peer) => peer.dismiss(reason)));
  }
  /** Resolves when the work is done, or the time is over. */
  #within(timeoutMs, work) {
    return new Promise((resolve2) => {
      const timer = this.#settings.clock.setTimer(resolve2, timeoutMs);
      void work.finally(() => {
        timer.cancel();
        resolve2();
      });
    });
  }
  [Symbol.asyncDispose]() {
    return this.close();
  }
};
var shuttingDown = (retryAfterMs) => new RedRoomError("SHUTTING_DOWN", "unable to go on; the server is shutting down", { retryable: true, retryAfterMs });

// packages/sdk/src/testing/simulation/watched-transport.ts
var WATCHED = /* @__PURE__ */ new Map([
  [MESSAGES.ack.frameType, "ack"],
  [MESSAGES.entry.frameType, "entry"]
]);
function watchedTransport(transport, onSent) {
  return {
    connect: (address, options) => transport.connect(address, options),
    listen: (options, onConnection) => transport.listen(options, (connection) => onConnection(new WatchedConnection(connection, onSent)))
  };
}
var WatchedConnection = class {
  #connection;
  #onSent;
  onStream;
  constructor(connection, onSent) {
    this.#connection = connection;
    this.#onSent = onSent;
    connection.onStream = (stream) => this.onStream?.(new WatchedStream(stream, onSent));
  }
  get remoteAddress() {
    return this.#connection.remoteAddress;
  }
  get closed() {
    return this.#connection.closed;
  }
  openStream() {
    return new WatchedStream(this.#connection.openStream(), this.#onSent);
  }
  close(code, reason) {
    this.#connection.close(code, reason);
  }
};
var WatchedStream = class {
  id;
  #stream;
  #onSent;
  constructor(stream, onSent) {
    this.id = stream.id;
    this.#stream = stream;
    this.#onSent = onSent;
  }
  get bufferedBytes() {
    return this.#stream.bufferedBytes;
  }
  get handler() {
    return this.#stream.handler;
  }
  set handler(handler) {
    this.#stream.handler = handler;
  }
  /** The server writes whole frames: a length, then the type. */
  write(bytes) {
    const length = readVarint(bytes, 0);
    const type = length === void 0 || length === "invalid" ? void 0 : bytes[length.size];
    const what = type === void 0 ? void 0 : WATCHED.get(type);
    if (what !== void 0) this.#onSent(what);
    return this.#stream.write(bytes);
  }
  end() {
    this.#stream.end();
  }
  reset(code) {
    this.#stream.reset(code);
  }
  pause() {
    this.#stream.pause();
  }
  resume() {
    this.#stream.resume();
  }
};

// packages/sdk/src/testing/simulation/server-lives.ts
var SERVER_PORT = 4433;
var HEARTBEAT_MS = 500;
var ServerLives = class {
  #clock;
  #network;
  #disk;
  #random;
  #recorder;
  #life;
  #stopping;
  #count = 0;
  constructor(clock, network, disk, random, recorder) {
    this.#clock = clock;
    this.#network = network;
    this.#disk = disk;
    this.#random = random;
    this.#recorder = recorder;
  }
  get running() {
    return this.#life !== void 0;
  }
  /** The machine of the life that runs. */
  get host() {
    return this.#life?.host;
  }
  get server() {
    return this.#life?.server;
  }
  /** Starts a life where none runs. One that finds the disk broken dies, as a process does whose start fails. */
  start() {
    if (this.#life !== void 0 || this.#stopping !== void 0) return;
    this.#count += 1;
    const name = `server ${this.#count}`;
    const host = this.#network.host(name);
    const clock = new MortalClock(this.#clock, this.#count === 1 ? 0 : this.#random.between(-36e5, 36e5));
    const { store, unmount } = this.#disk.mount(name);
    const server = new RedRoomServer({
      store,
      transport: watchedTransport(host, (what) => this.#recorder.note({ type: "serverSent", server: name, what })),
      authenticate: async ({ name: user }) => ({ id: user, name: user, admin: false }),
      clock,
      heartbeatMs: HEARTBEAT_MS
    });
    const life = { name, host, clock, server, unmount };
    this.#life = life;
    this.#recorder.note({ type: "fault", what: `${name} starts` });
    server.listen({ port: SERVER_PORT }).catch(() => {
      if (this.#life === life) this.kill("cannot start and dies");
    });
  }
  /** Ends the process without a goodbye. */
  kill(how = "is killed") {
    const life = this.#life;
    if (life === void 0) return;
    this.#life = void 0;
    this.#recorder.note({ type: "fault", what: `${life.name} ${how}` });
    this.#bury(life);
  }
  /** @returns Timers that it has left behind. */
  async stop(drainMs) {
    const life = this.#life;
    if (life === void 0) return 0;
    this.#life = void 0;
    this.#stopping = life;
    this.#recorder.note({ type: "fault", what: `${life.name} is stopped` });
    await life.server.close({ drainMs });
    this.#recorder.note({ type: "fault", what: `${life.name} has stopped` });
    this.#stopping = void 0;
    const { pending } = life.clock;
    this.#bury(life);
    return pending;
  }
  #bury({ host, clock, unmount }) {
    host.crash();
    clock.die();
    unmount();
  }
};

// packages/sdk/src/testing/simulation/participant.ts
var ADDRESS = formatAddress({ host: "10.0.0.1", port: SERVER_PORT });
var CONNECT_TIMEOUT_MS = 2e3;
var MAX_MESSAGES = 8;
var Participant = class {
  user;
  #world;
  #random;
  #life;
  #lives = 0;
  #messages = 0;
  #readers = 0;
  #finishing = false;
  /** Nobody knows whether these are on record: they are sent again under their ids. */
  #unknown = /* @__PURE__ */ new Map();
  #acked = [];
  /** The highest seq read of each topic. */
  #seen = /* @__PURE__ */ new Map();
  #trusted = /* @__PURE__ */ new Map();
  #timersLeft = 0;
  constructor(user, world, random) {
    this.user = user;
    this.#world = world;
    this.#random = random;
  }
  /** The machine that the participant is at now. */
  get host() {
    return this.#life?.host;
  }
  /** Acts until `finish`, then comes online, sends what is left, and stays. */
  async run() {
    await this.#pause(0, 1e3);
    while (!this.#finishing) {
      await this.#act();
      await this.#pause(10, 600);
    }
    while (this.#life === void 0 || this.#unknown.size > 0 || this.#life.open.size === 0) {
      await this.#takePart();
      await this.#pause(50, 50);
    }
  }
  /** Faults are over: no more surprises from here either. */
  finish() {
    this.#finishing = true;
  }
  /** What there is still to wait for. */
  waitingFor() {
    const life = this.#life;
    if (life === void 0) return [`${this.user} has no client`];
    const waiting = [];
    if (life.client.state !== "online") waiting.push(`${life.name} is ${life.client.state}`);
    if (life.open.size === 0) waiting.push(`${life.name} has nothing open`);
    for (const { text } of [...life.pending.values(), ...this.#unknown.values()]) waiting.push(`"${text}" is not stored`);
    return waiting;
  }
  /** @returns Timers that its clients have left behind. */
  async leave() {
    await this.#close(1e3);
    return this.#timersLeft;
  }
  async #act() {
    if (this.#life === void 0) return await this.#takePart();
    const { client } = this.#life;
    const dice = this.#random.between(0, 99);
    if (dice < 45) this.#write(this.#life);
    else if (dice < 60) this.#openAnother(this.#life);
    else if (dice < 70) this.#iterate(this.#life);
    else if (dice < 78) this.#writeAgain(this.#life);
    else if (dice < 84) this.#readHistory(this.#life);
    else if (dice < 88) client.connectNow();
    else if (dice < 94) await this.#close(this.#random.pick([0, 200, 1e3]));
    else if (dice < 97) this.#crash(this.#life);
  }
  /** A client, a topic, and what is still to be sent: each as far as it is missing. */
  async #takePart() {
    if (this.#life === void 0) await this.#connect();
    const life = this.#life;
    if (life === void 0) return;
    const owed = [...this.#unknown.values()].find(({ topic: topic2 }) => !life.open.has(topic2));
    if (owed !== void 0) this.#open(life, owed.topic);
    else if (life.open.size === 0) this.#openAnother(life);
    else this.#sendUnknown(life);
  }
  async #connect() {
    const { clock: trueTime, network, recorder } = this.#world;
    this.#lives += 1;
    const name = `${this.user} ${this.#lives}`;
    const host = network.host(name);
    const clock = new MortalClock(trueTime, this.#random.between(-6e4, 6e4));
    const random = this.#random.fork();
    try {
      const client = await RedRoomClient.connect(ADDRESS, {
        auth: { name: this.user, password: "not asked for" },
        transport: host,
        clock,
        random: () => random.next(),
        timeoutMs: CONNECT_TIMEOUT_MS,
        heartbeatMs: HEARTBEAT_MS,
        reconnect: { minDelayMs: 50, maxDelayMs: 1e3 },
        trusted: this.#trusted
      });
      const life = { name, host, clock, client, open: /* @__PURE__ */ new Map(), pending: /* @__PURE__ */ new Map(), readers: /* @__PURE__ */ new Set() };
      this.#life = life;
      recorder.note({ type: "state", client: name, state: client.state });
      this.#listen(life);
    } catch (error) {
      recorder.note({ type: "state", client: name, state: "not connected", code: codeOf(error) });
      this.#timersLeft += clock.pending;
      host.crash();
    }
  }
  #listen(life) {
    const { recorder } = this.#world;
    const { client, name } = life;
    client.on("state", ({ state, code, retryInMs }) => {
      recorder.note({ type: "state", client: name, state, code, retryInMs });
    });
    client.on("message", ({ topic: topic2, message }) => {
      const reader = life.open.get(topic2.title)?.reader;
      if (reader !== void 0) this.#read(reader, topic2.title, message);
    });
    client.on("topicFailed", ({ topic: topic2, error }) => {
      const reader = life.open.get(topic2.title)?.reader;
      life.open.delete(topic2.title);
      if (reader !== void 0) this.#stop(life, reader, { code: error.code });
    });
    client.on("closed", (cause) => {
      for (const reader of [...life.readers]) this.#stop(life, reader, cause && { code: cause.code });
      if (this.#life === life) this.#life = void 0;
    });
  }
  #openAnother(life) {
    const closed = this.#world.topics.filter((title2) => !life.open.has(title2));
    const title = closed[this.#random.between(0, closed.length - 1)];
    if (title !== void 0) this.#open(life, title);
  }
  #open(life, title) {
    const from2 = this.#drawFrom(title, this.#random.chance(0.15) && !this.#finishing);
    const reader = from2 === void 0 ? void 0 : this.#newReader(life, title, from2);
    const topic2 = life.client.topic(title);
    life.open.set(title, { topic: topic2, reader });
    const opening = topic2.open({
      from: from2 === void 0 ? "none" : from2 === 0 ? "now" : from2 === 1 ? "start" : from2
    });
    opening.then(
      () => {
        if (reader !== void 0) this.#world.recorder.note({ type: "opened", reader });
      },
      (error) => {
        life.open.delete(title);
        if (reader !== void 0) this.#stop(life, reader, { code: codeOf(error) });
      }
    );
  }
  /** @returns The first seq wanted, 0 for what comes; `undefined` to write only. */
  #drawFrom(title, none) {
    const seen = this.#seen.get(title) ?? 0;
    const from2 = this.#random.pick([1, 0, this.#random.between(1, seen + 1)]);
    return none ? void 0 : from2;
  }
  /** A loop over `messages()`, at times a slow one, that may end early. */
  #iterate(life) {
    const title = this.#random.pick(this.#world.topics);
    const from2 = this.#drawFrom(title, false) ?? 0;
    const reader = this.#newReader(life, title, from2);
    const enough = this.#random.chance(0.3) ? this.#random.between(1, 6) : Number.POSITIVE_INFINITY;
    const slow = this.#random.chance(0.3);
    void this.#loop(life, reader, title, { from: from2, enough, slow });
  }
  async #loop(life, reader, title, { from: from2, enough, slow }) {
    let count2 = 0;
    try {
      for await (const message of life.client.topic(title).messages({ from: from2 === 0 ? "now" : from2 })) {
        if (!life.readers.has(reader)) return;
        this.#read(reader, title, message);
        count2 += 1;
        if (count2 >= enough) break;
        if (slow && !this.#finishing) await this.#pause(1, 200);
      }
      this.#stop(life, reader, { enough: count2 >= enough });
    } catch (error) {
      this.#stop(life, reader, { code: codeOf(error) });
    }
  }
  /** Reads a part of the record at once: a view that ends with its last entry. */
  #readHistory(life) {
    const [title] = [...life.open.keys()];
    const { topic: topic2 } = life.open.get(title ?? "") ?? {};
    if (title === void 0 || topic2?.id === void 0) return;
    const from2 = this.#random.between(1, (this.#seen.get(title) ?? 0) + 1);
    const reader = this.#newReader(life, title, from2);
    topic2.history({ from: from2, limit: this.#random.between(1, 30) }).then(
      (messages) => {
        for (const message of messages) this.#read(reader, title, message);
        this.#stop(life, reader, { enough: true });
      },
      (error) => this.#stop(life, reader, { code: codeOf(error) })
    );
  }
  #write(life) {
    const [title] = shuffled([...life.open.keys()], this.#random);
    if (title === void 0) {
      this.#openAnother(life);
      return;
    }
    for (let count2 = this.#random.between(1, 3); count2 > 0 && this.#messages < MAX_MESSAGES; count2 -= 1) {
      this.#messages += 1;
      const seen = this.#seen.get(title) ?? 0;
      const re = seen > 0 && this.#random.chance(0.3) ? this.#random.between(1, seen) : void 0;
      const text = `${this.user} ${this.#messages}`;
      const kind = this.#random.pick(MESSAGE_KINDS);
      this.#send(life, { topic: title, text, id: randomId(), kind, re }, false);
    }
    this.#sendUnknown(life);
  }
  /** The same message under the same id: it is on record already. */
  #writeAgain(life) {
    const known2 = this.#acked.filter(({ topic: topic2 }) => life.open.has(topic2));
    const message = known2[this.#random.between(0, known2.length - 1)];
    if (message !== void 0 && !life.pending.has(message.id))
      this.#send(life, message, true);
  }
  #sendUnknown(life) {
    for (const message of [...this.#unknown.values()]) {
      if (life.open.get(message.topic)?.topic.id === void 0 || life.pending.has(message.id)) continue;
      this.#unknown.delete(message.id);
      this.#send(life, message, true);
    }
  }
  #send(life, message, again) {
    const { recorder } = this.#world;
    const { topic: title, text, id: id2, kind, re } = message;
    const { topic: topic2 } = life.open.get(title) ?? {};
    if (topic2?.id === void 0) {
      this.#unknown.set(id2, message);
      return;
    }
    const about = { client: life.name, topic: title, text, id: id2 };
    recorder.note({ type: "sends", ...about, again });
    life.pending.set(id2, message);
    topic2.send(text, { id: id2, kind, ...re !== void 0 && { re } }).then(
      ({ seq: seq2, duplicate }) => {
        life.pending.delete(id2);
        this.#acked.push(message);
        recorder.note({ type: "acked", ...about, seq: seq2, duplicate });
      },
      (error) => {
        life.pending.delete(id2);
        this.#unknown.set(id2, message);
        recorder.note({ type: "failed", ...about, code: codeOf(error) });
      }
    );
  }
  async #close(drainMs) {
    const life = this.#life;
    if (life === void 0) return;
    await life.client.close({ drainMs });
    this.#noteTrust(life);
    this.#timersLeft += life.clock.pending;
    life.host.crash();
  }
  /** The process is gone with all that it had in memory. Whoever remembers a message may send it again. */
  #crash(life) {
    const { recorder } = this.#world;
    recorder.note({ type: "fault", what: `${life.name} is killed` });
    this.#noteTrust(life);
    life.host.crash();
    life.clock.die();
    for (const reader of [...life.readers]) this.#stop(life, reader);
    for (const [id2, message] of life.pending) if (this.#random.chance(0.7)) this.#unknown.set(id2, message);
    life.client.removeAllListeners();
    this.#life = void 0;
  }
  #noteTrust({ name, client, open }) {
    this.#trusted = client.trusted;
    for (const [title, { topic: topic2 }] of open) {
      const checkpoint = this.#trusted.get(topic2.id ?? "");
      if (checkpoint !== void 0) {
        this.#world.recorder.note({ type: "trusts", client: name, topic: title, checkpoint });
      }
    }
  }
  #newReader(life, topic2, from2) {
    this.#readers += 1;
    const reader = `${life.name} ${topic2} #${this.#readers}`;
    life.readers.add(reader);
    this.#world.recorder.note({ type: "opens", reader, client: life.name, topic: topic2, from: from2 });
    return reader;
  }
  #read(reader, title, { seq: seq2, id: id2, author, kind, text }) {
    this.#seen.set(title, Math.max(seq2, this.#seen.get(title) ?? 0));
    this.#world.recorder.note({ type: "reads", reader, seq: seq2, id: id2, author, kind, text });
  }
  #stop(life, reader, end2 = {}) {
    if (life.readers.delete(reader)) this.#world.recorder.note({ type: "stops", reader, ...end2 });
  }
  #pause(shortestMs, longestMs) {
    const afterMs = this.#random.between(shortestMs, longestMs);
    return new Promise((resolve2) => void this.#world.clock.setTimer(resolve2, afterMs));
  }
};
var codeOf = (error) => error.code ?? String(error);
function shuffled(items, random) {
  return items.map((item) => ({ item, place: random.next() })).sort((a, b) => a.place - b.place).map(({ item }) => item);
}

// packages/sdk/src/testing/simulation/recorder.ts
var Recorder = class {
  events = [];
  #clock;
  #start;
  #step = 0;
  constructor(clock) {
    this.#clock = clock;
    this.#start = clock.now();
  }
  /** Milliseconds since the beginning. */
  get at() {
    return this.#clock.now() - this.#start;
  }
  note(happening) {
    this.events.push({ ...happening, at: this.at, step: this.#step });
  }
  /** Another timer is about to fall due. */
  nextStep() {
    this.#step += 1;
  }
};

// packages/sdk/src/testing/simulation/simulated-disk.ts
var WRITES = /* @__PURE__ */ new Set(["append", "erase", "createTopic", "pseudonym"]);
var WRITE_MS = [0, 12];
var ANSWER_MS = [0, 6];
var SimulatedDisk = class {
  #inner;
  #clock;
  #random;
  #recorder;
  #titles = /* @__PURE__ */ new Map();
  #broken = false;
  #outages = 0;
  /** Calls within the store below, which is at once done with them: in turns of the event loop, not by the clock. */
  #busy = 0;
  constructor(inner, clock, random, recorder) {
    this.#inner = inner;
    this.#clock = clock;
    this.#random = random;
    this.#recorder = recorder;
  }
  get busy() {
    return this.#busy > 0;
  }
  /** Every call fails from now on; one under way fails too, and nobody can tell whether it has taken effect. */
  break() {
    this.#broken = true;
    this.#outages += 1;
  }
  mend() {
    this.#broken = false;
  }
  /** The store as one life of a server sees it. */
  mount(server) {
    const life = { server, dead: false, closed: true, lastWrite: Promise.resolve() };
    const call = async (method, work) => {
      if (life.closed && method !== "open" && method !== "close") throw storeClosed();
      const outages = this.#outages;
      const answer2 = await this.#serve(method, work, life, outages).catch((error) => ({ error }));
      if (life.dead) return await new Promise(() => {
      });
      if (typeof answer2 === "object" && answer2 !== null && "error" in answer2) {
        this.#recorder.note({ type: "storeAnswered", server, worked: !isOutage(answer2.error) });
        throw answer2.error;
      }
      if (method === "open") life.closed = false;
      if (method === "close") life.closed = true;
      else this.#recorder.note({ type: "storeAnswered", server, worked: true });
      return answer2;
    };
    const store = new Proxy(this.#inner, {
      get: (inner, name) => {
        const member = Reflect.get(inner, name, inner);
        if (typeof member !== "function" || typeof name !== "string") return void 0;
        return (...args) => call(name, async () => await member.apply(inner, args));
      }
    });
    return {
      store,
      unmount: () => {
        life.dead = true;
      }
    };
  }
  async #serve(method, work, life, outages) {
    if (method === "close") return void 0;
    if (!WRITES.has(method)) {
      if (this.#random.chance(0.2)) await this.#wait(this.#random.between(1, 5));
      this.#check(outages);
      return method === "open" ? void 0 : await this.#run(work);
    }
    const before = life.lastWrite;
    const reaches = Promise.all([before, this.#wait(this.#random.between(...WRITE_MS))]);
    life.lastWrite = reaches;
    await reaches;
    if (life.dead) return void 0;
    this.#check(outages);
    const result = await this.#run(work);
    if (method === "append" || method === "erase") this.#noteCommit(result);
    await this.#wait(this.#random.between(...ANSWER_MS));
    this.#check(outages);
    return result;
  }
  /** @throws When the disk is broken, or was meanwhile. */
  #check(outages) {
    if (!this.#broken && this.#outages === outages) return;
    throw new RedRoomError("STORE_UNAVAILABLE", "unable to use the store; its disk does not answer", {
      retryable: true,
      remedy: "wait until the simulation mends it"
    });
  }
  async #run(work) {
    this.#busy += 1;
    try {
      return await work();
    } finally {
      this.#busy -= 1;
    }
  }
  #wait(ms) {
    return new Promise((resolve2) => void this.#clock.setTimer(resolve2, ms));
  }
  /** Names a topic for the history. */
  title(topicId, title) {
    this.#titles.set(topicId, title);
  }
  #noteCommit({ entries, duplicate, checkpoint }) {
    const [first, last] = [entries[0]?.seq ?? 0, entries.at(-1)?.seq ?? 0];
    const topicId = readCheckpoint(checkpoint)?.origin.replace(/^.*\//, "") ?? "";
    if (duplicate) return;
    const messages = entries.filter(({ leaf }) => parseLeaf(leaf)?.kind !== "delivery").map(({ seq: seq2 }) => seq2);
    const topic2 = this.#titles.get(topicId) ?? topicId;
    this.#recorder.note({ type: "committed", topic: topic2, first, last, messages, checkpoint });
  }
};
var isOutage = (error) => error instanceof RedRoomError && error.code === "STORE_UNAVAILABLE";

// packages/sdk/src/testing/simulation/simulate.ts
var REST_MS = 2e4;
var REST_POLL_MS = 50;
var AFTER_REST_MS = 1500;
var USERS = ["anna", "bernd", "carla", "doris"];
var key;
async function simulate({ seed, chaosMs = 6e3 }) {
  const random = new SeededRandom(seed);
  const clock = new ManualClock();
  const recorder = new Recorder(clock);
  const network = new SimulatedNetwork({ clock, random: random.fork(), delayMs: [1, 30], hastyEndRate: 0.2 });
  key ??= makeLogKey();
  const store = memoryStore(key);
  const disk = new SimulatedDisk(store, clock, random.fork(), recorder);
  const topics = await createTopics(store, disk, random.between(1, 2));
  const server = new ServerLives(clock, network, disk, random.fork(), recorder);
  const world = { clock, network, recorder, topics };
  const newParticipant = (user) => new Participant(user, world, random.fork());
  const others = USERS.slice(1, random.between(2, USERS.length)).map(newParticipant);
  const participants = [newParticipant("anna"), ...others];
  const chaos = new Chaos({ clock, recorder, server, disk, participants }, random.fork());
  let timersLeft;
  const latest = clock.now() + chaosMs + 2 * REST_MS;
  const play = async () => {
    server.start();
    const running = Promise.all(participants.map((participant) => participant.run()));
    void chaos.run();
    await pause(clock, chaosMs);
    chaos.heal();
    for (const participant of participants) participant.finish();
    await Promise.race([running, pause(clock, REST_MS)]);
    await rest(clock, recorder, participants);
    await pause(clock, AFTER_REST_MS);
    const left = await Promise.all(participants.map((participant) => participant.leave()));
    timersLeft = left.reduce((sum, count2) => sum + count2, await server.stop(1e3));
  };
  let over = false;
  const playing = play().finally(() => {
    over = true;
  });
  for (; ; ) {
    await settled2(disk);
    if (over) break;
    recorder.nextStep();
    if (!clock.step(latest)) break;
  }
  if (over) await playing;
  const record = /* @__PURE__ */ new Map();
  for (const title of topics) record.set(title, await readRecord(store, title));
  const history = { events: recorder.events, record, timersLeft: timersLeft ?? 0 };
  const violations = judge(history);
  return { seed, ok: violations.length === 0, violations, trace: traceOf(recorder.events), history };
}
async function createTopics(store, disk, count2) {
  await store.open();
  const [first, ...others] = ["Share Deal", "Gesellschafterhaftung"].slice(0, count2);
  for (const title of [first, ...others]) {
    const id2 = randomId();
    await store.createTopic({ id: id2, title: title ?? "", createdAt: 1 });
    disk.title(id2, title ?? "");
  }
  return [first ?? "", ...others];
}
async function rest(clock, recorder, participants) {
  for (let passedMs = 0; ; passedMs += REST_POLL_MS) {
    const waitingFor = participants.flatMap((participant) => participant.waitingFor());
    if (waitingFor.length === 0 || passedMs >= REST_MS) {
      recorder.note({ type: "rested", waitingFor });
      return;
    }
    await pause(clock, REST_POLL_MS);
  }
}
var pause = (clock, ms) => new Promise((resolve2) => void clock.setTimer(resolve2, ms));
async function settled2(disk) {
  await new Promise((resolve2) => process.nextTick(resolve2));
  while (disk.busy) await new Promise((resolve2) => void setImmediate(resolve2));
}
async function readRecord(store, title) {
  const topic2 = await store.findTopic({ title });
  if (topic2 === void 0) return [];
  const people = await store.people(topic2.id);
  const nameOf = (pseudonym) => people.get(pseudonym)?.name ?? "?";
  const entries = await store.read(topic2.id, { from: 1, limit: 1e4, maxBytes: Number.MAX_SAFE_INTEGER });
  return entries.map(({ leaf, content }) => {
    const fields = parseLeaf(leaf);
    if (fields === void 0) throw new TypeError(`the store returned the leaf ${leaf}`);
    const { seq: seq2, id: id2, kind, by, to = [], re } = fields;
    const text = parseContent(content ?? "") ?? "";
    return { seq: seq2, id: id2, kind, author: nameOf(by), text, re, leaf, to: to.map(nameOf) };
  });
}

// packages/sdk/sim1.local.ts
var from = Number(process.argv[2] ?? 1);
var n = Number(process.argv[3] ?? 1);
process.on("unhandledRejection", (e) => {
  console.log("UNHANDLED", e);
});
var bad = 0;
var cpu = 0;
var ev = 0;
var msgs = 0;
var t0 = performance.now();
var kinds = /* @__PURE__ */ new Map();
for (let seed = from; seed < from + n; seed++) {
  const t = performance.now();
  const c0 = process.cpuUsage();
  const r = await simulate({ seed, chaosMs: Number(process.argv[4] ?? 6e3) });
  const c = process.cpuUsage(c0);
  cpu += (c.user + c.system) / 1e3;
  ev += r.history.events.length;
  msgs += [...r.history.record.values()].reduce((s, e) => s + e.length, 0);
  const ms = performance.now() - t;
  if (!r.ok) {
    bad++;
    for (const v of r.violations) {
      const k = v.invariant;
      kinds.set(k, [...kinds.get(k) ?? [], seed]);
    }
  }
  if (n === 1) {
    console.log(r.trace.join("\n"));
    console.log(r.violations, r.history.events.length, ms);
  } else if (!r.ok && bad <= 10) console.log(seed, r.violations.slice(0, 3).map((v) => v.what), ms.toFixed(0));
}
console.log("\n" + JSON.stringify({ bad, cpuMs: cpu / n, events: ev / n, entries: msgs / n, perSeedMs: (performance.now() - t0) / n }));
for (const [k, s] of kinds) console.log(k, new Set(s).size, [...new Set(s)].slice(0, 12).join(" "));
