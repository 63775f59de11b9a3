/* c8 ignore start */
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const drover = $root.drover = (() => {

    /**
     * Namespace drover.
     * @exports drover
     * @namespace
     */
    const drover = {};

    drover.v1 = (function() {

        /**
         * Namespace v1.
         * @memberof drover
         * @namespace
         */
        const v1 = {};

        v1.SignedEnvelope = (function() {

            /**
             * Properties of a SignedEnvelope.
             * @typedef {Object} drover.v1.SignedEnvelope.$Properties
             * @property {number|null} [schemaVersion] SignedEnvelope schemaVersion
             * @property {Uint8Array|null} [payload] SignedEnvelope payload
             * @property {Array.<drover.v1.Signature.$Properties>} [signatures] SignedEnvelope signatures
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a SignedEnvelope.
             * @memberof drover.v1
             * @interface ISignedEnvelope
             * @augments drover.v1.SignedEnvelope.$Properties
             * @deprecated Use drover.v1.SignedEnvelope.$Properties instead.
             */

            /**
             * Shape of a SignedEnvelope.
             * @typedef {drover.v1.SignedEnvelope.$Properties} drover.v1.SignedEnvelope.$Shape
             */

            /**
             * Constructs a new SignedEnvelope.
             * @memberof drover.v1
             * @classdesc Represents a SignedEnvelope.
             * @constructor
             * @param {drover.v1.SignedEnvelope.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const SignedEnvelope = function (properties) {
                this.signatures = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * SignedEnvelope schemaVersion.
             * @member {number|null} schemaVersion
             * @memberof drover.v1.SignedEnvelope
             * @instance
             */
            SignedEnvelope.prototype.schemaVersion = null;

            /**
             * SignedEnvelope payload.
             * @member {Uint8Array|null} payload
             * @memberof drover.v1.SignedEnvelope
             * @instance
             */
            SignedEnvelope.prototype.payload = null;

            /**
             * SignedEnvelope signatures.
             * @member {Array.<drover.v1.Signature>} signatures
             * @memberof drover.v1.SignedEnvelope
             * @instance
             */
            SignedEnvelope.prototype.signatures = $util.emptyArray;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(SignedEnvelope.prototype, "_schemaVersion", {
                get: $util.oneOfGetter($oneOfFields = ["schemaVersion"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(SignedEnvelope.prototype, "_payload", {
                get: $util.oneOfGetter($oneOfFields = ["payload"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new SignedEnvelope instance using the specified properties.
             * @function create
             * @memberof drover.v1.SignedEnvelope
             * @static
             * @param {drover.v1.SignedEnvelope.$Properties=} [properties] Properties to set
             * @returns {drover.v1.SignedEnvelope} SignedEnvelope instance
             * @type {{
             *   (properties: drover.v1.SignedEnvelope.$Shape): drover.v1.SignedEnvelope & drover.v1.SignedEnvelope.$Shape;
             *   (properties?: drover.v1.SignedEnvelope.$Properties): drover.v1.SignedEnvelope;
             * }}
             */
            SignedEnvelope.create = function(properties) {
                return new SignedEnvelope(properties);
            };

            /**
             * Encodes the specified SignedEnvelope message. Does not implicitly {@link drover.v1.SignedEnvelope.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.SignedEnvelope
             * @static
             * @param {drover.v1.SignedEnvelope.$Properties} message SignedEnvelope message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SignedEnvelope.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.schemaVersion != null && $Object.hasOwnProperty.call(message, "schemaVersion"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.schemaVersion);
                if (message.payload != null && $Object.hasOwnProperty.call(message, "payload"))
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.payload);
                if (message.signatures != null && message.signatures.length)
                    for (let i = 0; i < message.signatures.length; ++i)
                        $root.drover.v1.Signature.encode(message.signatures[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a SignedEnvelope message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.SignedEnvelope
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.SignedEnvelope & drover.v1.SignedEnvelope.$Shape} SignedEnvelope
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SignedEnvelope.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.SignedEnvelope();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.schemaVersion = reader.uint32();
                            message._schemaVersion = "schemaVersion";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.payload = reader.bytes();
                            message._payload = "payload";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if (!(message.signatures && message.signatures.length))
                                message.signatures = [];
                            message.signatures.push($root.drover.v1.Signature.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for SignedEnvelope
             * @function getTypeUrl
             * @memberof drover.v1.SignedEnvelope
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            SignedEnvelope.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.SignedEnvelope";
            };

            return SignedEnvelope;
        })();

        v1.Signature = (function() {

            /**
             * Properties of a Signature.
             * @typedef {Object} drover.v1.Signature.$Properties
             * @property {string|null} [keyId] Signature keyId
             * @property {Uint8Array|null} [signature] Signature signature
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Signature.
             * @memberof drover.v1
             * @interface ISignature
             * @augments drover.v1.Signature.$Properties
             * @deprecated Use drover.v1.Signature.$Properties instead.
             */

            /**
             * Shape of a Signature.
             * @typedef {drover.v1.Signature.$Properties} drover.v1.Signature.$Shape
             */

            /**
             * Constructs a new Signature.
             * @memberof drover.v1
             * @classdesc Represents a Signature.
             * @constructor
             * @param {drover.v1.Signature.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Signature = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Signature keyId.
             * @member {string|null} keyId
             * @memberof drover.v1.Signature
             * @instance
             */
            Signature.prototype.keyId = null;

            /**
             * Signature signature.
             * @member {Uint8Array|null} signature
             * @memberof drover.v1.Signature
             * @instance
             */
            Signature.prototype.signature = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Signature.prototype, "_keyId", {
                get: $util.oneOfGetter($oneOfFields = ["keyId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Signature.prototype, "_signature", {
                get: $util.oneOfGetter($oneOfFields = ["signature"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Signature instance using the specified properties.
             * @function create
             * @memberof drover.v1.Signature
             * @static
             * @param {drover.v1.Signature.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Signature} Signature instance
             * @type {{
             *   (properties: drover.v1.Signature.$Shape): drover.v1.Signature & drover.v1.Signature.$Shape;
             *   (properties?: drover.v1.Signature.$Properties): drover.v1.Signature;
             * }}
             */
            Signature.create = function(properties) {
                return new Signature(properties);
            };

            /**
             * Encodes the specified Signature message. Does not implicitly {@link drover.v1.Signature.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Signature
             * @static
             * @param {drover.v1.Signature.$Properties} message Signature message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Signature.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.keyId != null && $Object.hasOwnProperty.call(message, "keyId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.keyId);
                if (message.signature != null && $Object.hasOwnProperty.call(message, "signature"))
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.signature);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Signature message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Signature
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Signature & drover.v1.Signature.$Shape} Signature
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Signature.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Signature();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.keyId = reader.stringVerify();
                            message._keyId = "keyId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.signature = reader.bytes();
                            message._signature = "signature";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Signature
             * @function getTypeUrl
             * @memberof drover.v1.Signature
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Signature.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Signature";
            };

            return Signature;
        })();

        v1.TrustDocument = (function() {

            /**
             * Properties of a TrustDocument.
             * @typedef {Object} drover.v1.TrustDocument.$Properties
             * @property {number|null} [version] TrustDocument version
             * @property {number|Long|null} [expiresAt] TrustDocument expiresAt
             * @property {Array.<drover.v1.TrustedKey.$Properties>} [keys] TrustDocument keys
             * @property {Array.<drover.v1.Role.$Properties>} [roles] TrustDocument roles
             * @property {Array.<drover.v1.OperationTypeRule.$Properties>} [operationTypes] TrustDocument operationTypes
             * @property {number|null} [releaseEpoch] TrustDocument releaseEpoch
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a TrustDocument.
             * @memberof drover.v1
             * @interface ITrustDocument
             * @augments drover.v1.TrustDocument.$Properties
             * @deprecated Use drover.v1.TrustDocument.$Properties instead.
             */

            /**
             * Shape of a TrustDocument.
             * @typedef {drover.v1.TrustDocument.$Properties} drover.v1.TrustDocument.$Shape
             */

            /**
             * Constructs a new TrustDocument.
             * @memberof drover.v1
             * @classdesc Represents a TrustDocument.
             * @constructor
             * @param {drover.v1.TrustDocument.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const TrustDocument = function (properties) {
                this.keys = [];
                this.roles = [];
                this.operationTypes = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * TrustDocument version.
             * @member {number|null} version
             * @memberof drover.v1.TrustDocument
             * @instance
             */
            TrustDocument.prototype.version = null;

            /**
             * TrustDocument expiresAt.
             * @member {number|Long|null} expiresAt
             * @memberof drover.v1.TrustDocument
             * @instance
             */
            TrustDocument.prototype.expiresAt = null;

            /**
             * TrustDocument keys.
             * @member {Array.<drover.v1.TrustedKey>} keys
             * @memberof drover.v1.TrustDocument
             * @instance
             */
            TrustDocument.prototype.keys = $util.emptyArray;

            /**
             * TrustDocument roles.
             * @member {Array.<drover.v1.Role>} roles
             * @memberof drover.v1.TrustDocument
             * @instance
             */
            TrustDocument.prototype.roles = $util.emptyArray;

            /**
             * TrustDocument operationTypes.
             * @member {Array.<drover.v1.OperationTypeRule>} operationTypes
             * @memberof drover.v1.TrustDocument
             * @instance
             */
            TrustDocument.prototype.operationTypes = $util.emptyArray;

            /**
             * TrustDocument releaseEpoch.
             * @member {number|null} releaseEpoch
             * @memberof drover.v1.TrustDocument
             * @instance
             */
            TrustDocument.prototype.releaseEpoch = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(TrustDocument.prototype, "_version", {
                get: $util.oneOfGetter($oneOfFields = ["version"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(TrustDocument.prototype, "_expiresAt", {
                get: $util.oneOfGetter($oneOfFields = ["expiresAt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(TrustDocument.prototype, "_releaseEpoch", {
                get: $util.oneOfGetter($oneOfFields = ["releaseEpoch"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new TrustDocument instance using the specified properties.
             * @function create
             * @memberof drover.v1.TrustDocument
             * @static
             * @param {drover.v1.TrustDocument.$Properties=} [properties] Properties to set
             * @returns {drover.v1.TrustDocument} TrustDocument instance
             * @type {{
             *   (properties: drover.v1.TrustDocument.$Shape): drover.v1.TrustDocument & drover.v1.TrustDocument.$Shape;
             *   (properties?: drover.v1.TrustDocument.$Properties): drover.v1.TrustDocument;
             * }}
             */
            TrustDocument.create = function(properties) {
                return new TrustDocument(properties);
            };

            /**
             * Encodes the specified TrustDocument message. Does not implicitly {@link drover.v1.TrustDocument.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.TrustDocument
             * @static
             * @param {drover.v1.TrustDocument.$Properties} message TrustDocument message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            TrustDocument.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.version != null && $Object.hasOwnProperty.call(message, "version"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.version);
                if (message.expiresAt != null && $Object.hasOwnProperty.call(message, "expiresAt"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.expiresAt);
                if (message.keys != null && message.keys.length)
                    for (let i = 0; i < message.keys.length; ++i)
                        $root.drover.v1.TrustedKey.encode(message.keys[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.roles != null && message.roles.length)
                    for (let i = 0; i < message.roles.length; ++i)
                        $root.drover.v1.Role.encode(message.roles[i], writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                if (message.operationTypes != null && message.operationTypes.length)
                    for (let i = 0; i < message.operationTypes.length; ++i)
                        $root.drover.v1.OperationTypeRule.encode(message.operationTypes[i], writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                if (message.releaseEpoch != null && $Object.hasOwnProperty.call(message, "releaseEpoch"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.releaseEpoch);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a TrustDocument message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.TrustDocument
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.TrustDocument & drover.v1.TrustDocument.$Shape} TrustDocument
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            TrustDocument.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.TrustDocument();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.version = reader.uint32();
                            message._version = "version";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.expiresAt = reader.uint64();
                            message._expiresAt = "expiresAt";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if (!(message.keys && message.keys.length))
                                message.keys = [];
                            message.keys.push($root.drover.v1.TrustedKey.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if (!(message.roles && message.roles.length))
                                message.roles = [];
                            message.roles.push($root.drover.v1.Role.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if (!(message.operationTypes && message.operationTypes.length))
                                message.operationTypes = [];
                            message.operationTypes.push($root.drover.v1.OperationTypeRule.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            message.releaseEpoch = reader.uint32();
                            message._releaseEpoch = "releaseEpoch";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for TrustDocument
             * @function getTypeUrl
             * @memberof drover.v1.TrustDocument
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            TrustDocument.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.TrustDocument";
            };

            return TrustDocument;
        })();

        /**
         * KeyAlgorithm enum.
         * @name drover.v1.KeyAlgorithm
         * @enum {number}
         * @property {number} KEY_ALGORITHM_UNSPECIFIED=0 KEY_ALGORITHM_UNSPECIFIED value
         * @property {number} KEY_ALGORITHM_ED25519=1 KEY_ALGORITHM_ED25519 value
         * @property {number} KEY_ALGORITHM_ECDSA_P256_SHA256=2 KEY_ALGORITHM_ECDSA_P256_SHA256 value
         */
        v1.KeyAlgorithm = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "KEY_ALGORITHM_UNSPECIFIED"] = 0;
            values[valuesById[1] = "KEY_ALGORITHM_ED25519"] = 1;
            values[valuesById[2] = "KEY_ALGORITHM_ECDSA_P256_SHA256"] = 2;
            return values;
        })();

        v1.TrustedKey = (function() {

            /**
             * Properties of a TrustedKey.
             * @typedef {Object} drover.v1.TrustedKey.$Properties
             * @property {string|null} [keyId] TrustedKey keyId
             * @property {drover.v1.KeyAlgorithm|null} [algorithm] TrustedKey algorithm
             * @property {Uint8Array|null} [publicKey] TrustedKey publicKey
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a TrustedKey.
             * @memberof drover.v1
             * @interface ITrustedKey
             * @augments drover.v1.TrustedKey.$Properties
             * @deprecated Use drover.v1.TrustedKey.$Properties instead.
             */

            /**
             * Shape of a TrustedKey.
             * @typedef {drover.v1.TrustedKey.$Properties} drover.v1.TrustedKey.$Shape
             */

            /**
             * Constructs a new TrustedKey.
             * @memberof drover.v1
             * @classdesc Represents a TrustedKey.
             * @constructor
             * @param {drover.v1.TrustedKey.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const TrustedKey = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * TrustedKey keyId.
             * @member {string|null} keyId
             * @memberof drover.v1.TrustedKey
             * @instance
             */
            TrustedKey.prototype.keyId = null;

            /**
             * TrustedKey algorithm.
             * @member {drover.v1.KeyAlgorithm|null} algorithm
             * @memberof drover.v1.TrustedKey
             * @instance
             */
            TrustedKey.prototype.algorithm = null;

            /**
             * TrustedKey publicKey.
             * @member {Uint8Array|null} publicKey
             * @memberof drover.v1.TrustedKey
             * @instance
             */
            TrustedKey.prototype.publicKey = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(TrustedKey.prototype, "_keyId", {
                get: $util.oneOfGetter($oneOfFields = ["keyId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(TrustedKey.prototype, "_algorithm", {
                get: $util.oneOfGetter($oneOfFields = ["algorithm"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(TrustedKey.prototype, "_publicKey", {
                get: $util.oneOfGetter($oneOfFields = ["publicKey"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new TrustedKey instance using the specified properties.
             * @function create
             * @memberof drover.v1.TrustedKey
             * @static
             * @param {drover.v1.TrustedKey.$Properties=} [properties] Properties to set
             * @returns {drover.v1.TrustedKey} TrustedKey instance
             * @type {{
             *   (properties: drover.v1.TrustedKey.$Shape): drover.v1.TrustedKey & drover.v1.TrustedKey.$Shape;
             *   (properties?: drover.v1.TrustedKey.$Properties): drover.v1.TrustedKey;
             * }}
             */
            TrustedKey.create = function(properties) {
                return new TrustedKey(properties);
            };

            /**
             * Encodes the specified TrustedKey message. Does not implicitly {@link drover.v1.TrustedKey.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.TrustedKey
             * @static
             * @param {drover.v1.TrustedKey.$Properties} message TrustedKey message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            TrustedKey.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.keyId != null && $Object.hasOwnProperty.call(message, "keyId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.keyId);
                if (message.algorithm != null && $Object.hasOwnProperty.call(message, "algorithm"))
                    writer.uint32(/* id 2, wireType 0 =*/16).int32(message.algorithm);
                if (message.publicKey != null && $Object.hasOwnProperty.call(message, "publicKey"))
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.publicKey);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a TrustedKey message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.TrustedKey
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.TrustedKey & drover.v1.TrustedKey.$Shape} TrustedKey
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            TrustedKey.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.TrustedKey();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.keyId = reader.stringVerify();
                            message._keyId = "keyId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.algorithm = reader.int32();
                            message._algorithm = "algorithm";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.publicKey = reader.bytes();
                            message._publicKey = "publicKey";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for TrustedKey
             * @function getTypeUrl
             * @memberof drover.v1.TrustedKey
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            TrustedKey.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.TrustedKey";
            };

            return TrustedKey;
        })();

        v1.Role = (function() {

            /**
             * Properties of a Role.
             * @typedef {Object} drover.v1.Role.$Properties
             * @property {string|null} [name] Role name
             * @property {Array.<string>} [keyIds] Role keyIds
             * @property {number|null} [threshold] Role threshold
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Role.
             * @memberof drover.v1
             * @interface IRole
             * @augments drover.v1.Role.$Properties
             * @deprecated Use drover.v1.Role.$Properties instead.
             */

            /**
             * Shape of a Role.
             * @typedef {drover.v1.Role.$Properties} drover.v1.Role.$Shape
             */

            /**
             * Constructs a new Role.
             * @memberof drover.v1
             * @classdesc Represents a Role.
             * @constructor
             * @param {drover.v1.Role.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Role = function (properties) {
                this.keyIds = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Role name.
             * @member {string|null} name
             * @memberof drover.v1.Role
             * @instance
             */
            Role.prototype.name = null;

            /**
             * Role keyIds.
             * @member {Array.<string>} keyIds
             * @memberof drover.v1.Role
             * @instance
             */
            Role.prototype.keyIds = $util.emptyArray;

            /**
             * Role threshold.
             * @member {number|null} threshold
             * @memberof drover.v1.Role
             * @instance
             */
            Role.prototype.threshold = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Role.prototype, "_name", {
                get: $util.oneOfGetter($oneOfFields = ["name"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Role.prototype, "_threshold", {
                get: $util.oneOfGetter($oneOfFields = ["threshold"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Role instance using the specified properties.
             * @function create
             * @memberof drover.v1.Role
             * @static
             * @param {drover.v1.Role.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Role} Role instance
             * @type {{
             *   (properties: drover.v1.Role.$Shape): drover.v1.Role & drover.v1.Role.$Shape;
             *   (properties?: drover.v1.Role.$Properties): drover.v1.Role;
             * }}
             */
            Role.create = function(properties) {
                return new Role(properties);
            };

            /**
             * Encodes the specified Role message. Does not implicitly {@link drover.v1.Role.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Role
             * @static
             * @param {drover.v1.Role.$Properties} message Role message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Role.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.keyIds != null && message.keyIds.length)
                    for (let i = 0; i < message.keyIds.length; ++i)
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.keyIds[i]);
                if (message.threshold != null && $Object.hasOwnProperty.call(message, "threshold"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.threshold);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Role message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Role
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Role & drover.v1.Role.$Shape} Role
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Role.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Role();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.name = reader.stringVerify();
                            message._name = "name";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if (!(message.keyIds && message.keyIds.length))
                                message.keyIds = [];
                            message.keyIds.push(reader.stringVerify());
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.threshold = reader.uint32();
                            message._threshold = "threshold";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Role
             * @function getTypeUrl
             * @memberof drover.v1.Role
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Role.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Role";
            };

            return Role;
        })();

        v1.OperationTypeRule = (function() {

            /**
             * Properties of an OperationTypeRule.
             * @typedef {Object} drover.v1.OperationTypeRule.$Properties
             * @property {string|null} [operationType] OperationTypeRule operationType
             * @property {string|null} [role] OperationTypeRule role
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an OperationTypeRule.
             * @memberof drover.v1
             * @interface IOperationTypeRule
             * @augments drover.v1.OperationTypeRule.$Properties
             * @deprecated Use drover.v1.OperationTypeRule.$Properties instead.
             */

            /**
             * Shape of an OperationTypeRule.
             * @typedef {drover.v1.OperationTypeRule.$Properties} drover.v1.OperationTypeRule.$Shape
             */

            /**
             * Constructs a new OperationTypeRule.
             * @memberof drover.v1
             * @classdesc Represents an OperationTypeRule.
             * @constructor
             * @param {drover.v1.OperationTypeRule.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const OperationTypeRule = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * OperationTypeRule operationType.
             * @member {string|null} operationType
             * @memberof drover.v1.OperationTypeRule
             * @instance
             */
            OperationTypeRule.prototype.operationType = null;

            /**
             * OperationTypeRule role.
             * @member {string|null} role
             * @memberof drover.v1.OperationTypeRule
             * @instance
             */
            OperationTypeRule.prototype.role = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(OperationTypeRule.prototype, "_operationType", {
                get: $util.oneOfGetter($oneOfFields = ["operationType"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(OperationTypeRule.prototype, "_role", {
                get: $util.oneOfGetter($oneOfFields = ["role"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new OperationTypeRule instance using the specified properties.
             * @function create
             * @memberof drover.v1.OperationTypeRule
             * @static
             * @param {drover.v1.OperationTypeRule.$Properties=} [properties] Properties to set
             * @returns {drover.v1.OperationTypeRule} OperationTypeRule instance
             * @type {{
             *   (properties: drover.v1.OperationTypeRule.$Shape): drover.v1.OperationTypeRule & drover.v1.OperationTypeRule.$Shape;
             *   (properties?: drover.v1.OperationTypeRule.$Properties): drover.v1.OperationTypeRule;
             * }}
             */
            OperationTypeRule.create = function(properties) {
                return new OperationTypeRule(properties);
            };

            /**
             * Encodes the specified OperationTypeRule message. Does not implicitly {@link drover.v1.OperationTypeRule.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.OperationTypeRule
             * @static
             * @param {drover.v1.OperationTypeRule.$Properties} message OperationTypeRule message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            OperationTypeRule.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.operationType != null && $Object.hasOwnProperty.call(message, "operationType"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.operationType);
                if (message.role != null && $Object.hasOwnProperty.call(message, "role"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.role);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an OperationTypeRule message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.OperationTypeRule
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.OperationTypeRule & drover.v1.OperationTypeRule.$Shape} OperationTypeRule
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            OperationTypeRule.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.OperationTypeRule();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.operationType = reader.stringVerify();
                            message._operationType = "operationType";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.role = reader.stringVerify();
                            message._role = "role";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for OperationTypeRule
             * @function getTypeUrl
             * @memberof drover.v1.OperationTypeRule
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            OperationTypeRule.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.OperationTypeRule";
            };

            return OperationTypeRule;
        })();

        v1.FleetTime = (function() {

            /**
             * Properties of a FleetTime.
             * @typedef {Object} drover.v1.FleetTime.$Properties
             * @property {number|Long|null} [issuedAt] FleetTime issuedAt
             * @property {number|Long|null} [expiresAt] FleetTime expiresAt
             * @property {number|null} [trustVersion] FleetTime trustVersion
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a FleetTime.
             * @memberof drover.v1
             * @interface IFleetTime
             * @augments drover.v1.FleetTime.$Properties
             * @deprecated Use drover.v1.FleetTime.$Properties instead.
             */

            /**
             * Shape of a FleetTime.
             * @typedef {drover.v1.FleetTime.$Properties} drover.v1.FleetTime.$Shape
             */

            /**
             * Constructs a new FleetTime.
             * @memberof drover.v1
             * @classdesc Represents a FleetTime.
             * @constructor
             * @param {drover.v1.FleetTime.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const FleetTime = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * FleetTime issuedAt.
             * @member {number|Long|null} issuedAt
             * @memberof drover.v1.FleetTime
             * @instance
             */
            FleetTime.prototype.issuedAt = null;

            /**
             * FleetTime expiresAt.
             * @member {number|Long|null} expiresAt
             * @memberof drover.v1.FleetTime
             * @instance
             */
            FleetTime.prototype.expiresAt = null;

            /**
             * FleetTime trustVersion.
             * @member {number|null} trustVersion
             * @memberof drover.v1.FleetTime
             * @instance
             */
            FleetTime.prototype.trustVersion = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(FleetTime.prototype, "_issuedAt", {
                get: $util.oneOfGetter($oneOfFields = ["issuedAt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(FleetTime.prototype, "_expiresAt", {
                get: $util.oneOfGetter($oneOfFields = ["expiresAt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(FleetTime.prototype, "_trustVersion", {
                get: $util.oneOfGetter($oneOfFields = ["trustVersion"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new FleetTime instance using the specified properties.
             * @function create
             * @memberof drover.v1.FleetTime
             * @static
             * @param {drover.v1.FleetTime.$Properties=} [properties] Properties to set
             * @returns {drover.v1.FleetTime} FleetTime instance
             * @type {{
             *   (properties: drover.v1.FleetTime.$Shape): drover.v1.FleetTime & drover.v1.FleetTime.$Shape;
             *   (properties?: drover.v1.FleetTime.$Properties): drover.v1.FleetTime;
             * }}
             */
            FleetTime.create = function(properties) {
                return new FleetTime(properties);
            };

            /**
             * Encodes the specified FleetTime message. Does not implicitly {@link drover.v1.FleetTime.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.FleetTime
             * @static
             * @param {drover.v1.FleetTime.$Properties} message FleetTime message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            FleetTime.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.issuedAt != null && $Object.hasOwnProperty.call(message, "issuedAt"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.issuedAt);
                if (message.expiresAt != null && $Object.hasOwnProperty.call(message, "expiresAt"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.expiresAt);
                if (message.trustVersion != null && $Object.hasOwnProperty.call(message, "trustVersion"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.trustVersion);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a FleetTime message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.FleetTime
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.FleetTime & drover.v1.FleetTime.$Shape} FleetTime
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            FleetTime.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.FleetTime();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.issuedAt = reader.uint64();
                            message._issuedAt = "issuedAt";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.expiresAt = reader.uint64();
                            message._expiresAt = "expiresAt";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.trustVersion = reader.uint32();
                            message._trustVersion = "trustVersion";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for FleetTime
             * @function getTypeUrl
             * @memberof drover.v1.FleetTime
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            FleetTime.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.FleetTime";
            };

            return FleetTime;
        })();

        v1.DeviceReport = (function() {

            /**
             * Properties of a DeviceReport.
             * @typedef {Object} drover.v1.DeviceReport.$Properties
             * @property {string|null} [deviceId] DeviceReport deviceId
             * @property {string|null} [operationId] DeviceReport operationId
             * @property {number|null} [attempt] DeviceReport attempt
             * @property {Uint8Array|null} [nonce] DeviceReport nonce
             * @property {Uint8Array|null} [bootId] DeviceReport bootId
             * @property {string|null} [result] DeviceReport result
             * @property {Array.<drover.v1.ComponentReport.$Properties>} [components] DeviceReport components
             * @property {number|Long|null} [deviceTime] DeviceReport deviceTime
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a DeviceReport.
             * @memberof drover.v1
             * @interface IDeviceReport
             * @augments drover.v1.DeviceReport.$Properties
             * @deprecated Use drover.v1.DeviceReport.$Properties instead.
             */

            /**
             * Shape of a DeviceReport.
             * @typedef {drover.v1.DeviceReport.$Properties} drover.v1.DeviceReport.$Shape
             */

            /**
             * Constructs a new DeviceReport.
             * @memberof drover.v1
             * @classdesc Represents a DeviceReport.
             * @constructor
             * @param {drover.v1.DeviceReport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const DeviceReport = function (properties) {
                this.components = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * DeviceReport deviceId.
             * @member {string|null} deviceId
             * @memberof drover.v1.DeviceReport
             * @instance
             */
            DeviceReport.prototype.deviceId = null;

            /**
             * DeviceReport operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.DeviceReport
             * @instance
             */
            DeviceReport.prototype.operationId = null;

            /**
             * DeviceReport attempt.
             * @member {number|null} attempt
             * @memberof drover.v1.DeviceReport
             * @instance
             */
            DeviceReport.prototype.attempt = null;

            /**
             * DeviceReport nonce.
             * @member {Uint8Array|null} nonce
             * @memberof drover.v1.DeviceReport
             * @instance
             */
            DeviceReport.prototype.nonce = null;

            /**
             * DeviceReport bootId.
             * @member {Uint8Array|null} bootId
             * @memberof drover.v1.DeviceReport
             * @instance
             */
            DeviceReport.prototype.bootId = null;

            /**
             * DeviceReport result.
             * @member {string|null} result
             * @memberof drover.v1.DeviceReport
             * @instance
             */
            DeviceReport.prototype.result = null;

            /**
             * DeviceReport components.
             * @member {Array.<drover.v1.ComponentReport>} components
             * @memberof drover.v1.DeviceReport
             * @instance
             */
            DeviceReport.prototype.components = $util.emptyArray;

            /**
             * DeviceReport deviceTime.
             * @member {number|Long|null} deviceTime
             * @memberof drover.v1.DeviceReport
             * @instance
             */
            DeviceReport.prototype.deviceTime = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeviceReport.prototype, "_deviceId", {
                get: $util.oneOfGetter($oneOfFields = ["deviceId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeviceReport.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeviceReport.prototype, "_attempt", {
                get: $util.oneOfGetter($oneOfFields = ["attempt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeviceReport.prototype, "_nonce", {
                get: $util.oneOfGetter($oneOfFields = ["nonce"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeviceReport.prototype, "_bootId", {
                get: $util.oneOfGetter($oneOfFields = ["bootId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeviceReport.prototype, "_result", {
                get: $util.oneOfGetter($oneOfFields = ["result"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeviceReport.prototype, "_deviceTime", {
                get: $util.oneOfGetter($oneOfFields = ["deviceTime"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new DeviceReport instance using the specified properties.
             * @function create
             * @memberof drover.v1.DeviceReport
             * @static
             * @param {drover.v1.DeviceReport.$Properties=} [properties] Properties to set
             * @returns {drover.v1.DeviceReport} DeviceReport instance
             * @type {{
             *   (properties: drover.v1.DeviceReport.$Shape): drover.v1.DeviceReport & drover.v1.DeviceReport.$Shape;
             *   (properties?: drover.v1.DeviceReport.$Properties): drover.v1.DeviceReport;
             * }}
             */
            DeviceReport.create = function(properties) {
                return new DeviceReport(properties);
            };

            /**
             * Encodes the specified DeviceReport message. Does not implicitly {@link drover.v1.DeviceReport.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.DeviceReport
             * @static
             * @param {drover.v1.DeviceReport.$Properties} message DeviceReport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            DeviceReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.deviceId != null && $Object.hasOwnProperty.call(message, "deviceId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.deviceId);
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.operationId);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.attempt);
                if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce"))
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.nonce);
                if (message.bootId != null && $Object.hasOwnProperty.call(message, "bootId"))
                    writer.uint32(/* id 5, wireType 2 =*/42).bytes(message.bootId);
                if (message.result != null && $Object.hasOwnProperty.call(message, "result"))
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.result);
                if (message.components != null && message.components.length)
                    for (let i = 0; i < message.components.length; ++i)
                        $root.drover.v1.ComponentReport.encode(message.components[i], writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
                if (message.deviceTime != null && $Object.hasOwnProperty.call(message, "deviceTime"))
                    writer.uint32(/* id 8, wireType 0 =*/64).uint64(message.deviceTime);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a DeviceReport message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.DeviceReport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.DeviceReport & drover.v1.DeviceReport.$Shape} DeviceReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            DeviceReport.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.DeviceReport();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.deviceId = reader.stringVerify();
                            message._deviceId = "deviceId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.attempt = reader.uint32();
                            message._attempt = "attempt";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.nonce = reader.bytes();
                            message._nonce = "nonce";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.bootId = reader.bytes();
                            message._bootId = "bootId";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            message.result = reader.stringVerify();
                            message._result = "result";
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            if (!(message.components && message.components.length))
                                message.components = [];
                            message.components.push($root.drover.v1.ComponentReport.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            message.deviceTime = reader.uint64();
                            message._deviceTime = "deviceTime";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for DeviceReport
             * @function getTypeUrl
             * @memberof drover.v1.DeviceReport
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            DeviceReport.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.DeviceReport";
            };

            return DeviceReport;
        })();

        /**
         * PayloadFormat enum.
         * @name drover.v1.PayloadFormat
         * @enum {number}
         * @property {number} PAYLOAD_FORMAT_UNSPECIFIED=0 PAYLOAD_FORMAT_UNSPECIFIED value
         * @property {number} PAYLOAD_FORMAT_RAW=1 PAYLOAD_FORMAT_RAW value
         * @property {number} PAYLOAD_FORMAT_DELTA_ZSTD=2 PAYLOAD_FORMAT_DELTA_ZSTD value
         * @property {number} PAYLOAD_FORMAT_COMBINED=3 PAYLOAD_FORMAT_COMBINED value
         */
        v1.PayloadFormat = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "PAYLOAD_FORMAT_UNSPECIFIED"] = 0;
            values[valuesById[1] = "PAYLOAD_FORMAT_RAW"] = 1;
            values[valuesById[2] = "PAYLOAD_FORMAT_DELTA_ZSTD"] = 2;
            values[valuesById[3] = "PAYLOAD_FORMAT_COMBINED"] = 3;
            return values;
        })();

        v1.Manifest = (function() {

            /**
             * Properties of a Manifest.
             * @typedef {Object} drover.v1.Manifest.$Properties
             * @property {Uint8Array|null} [vendorId] Manifest vendorId
             * @property {Uint8Array|null} [classId] Manifest classId
             * @property {string|null} [deviceId] Manifest deviceId
             * @property {number|null} [priority] Manifest priority
             * @property {string|null} [component] Manifest component
             * @property {string|null} [version] Manifest version
             * @property {number|Long|null} [releaseCounter] Manifest releaseCounter
             * @property {number|Long|null} [expiresAt] Manifest expiresAt
             * @property {number|Long|null} [payloadSize] Manifest payloadSize
             * @property {Uint8Array|null} [payloadSha256] Manifest payloadSha256
             * @property {number|Long|null} [installedSize] Manifest installedSize
             * @property {Uint8Array|null} [installedSha256] Manifest installedSha256
             * @property {Uint8Array|null} [precursorSha256] Manifest precursorSha256
             * @property {number|null} [chunkIndexSize] Manifest chunkIndexSize
             * @property {Uint8Array|null} [chunkIndexSha256] Manifest chunkIndexSha256
             * @property {string|null} [uri] Manifest uri
             * @property {drover.v1.PayloadFormat|null} [format] Manifest format
             * @property {Uint8Array|null} [metadata] Manifest metadata
             * @property {Uint8Array|null} [vendorData] Manifest vendorData
             * @property {boolean|null} [needsReboot] Manifest needsReboot
             * @property {Array.<drover.v1.Prerequisite.$Properties>} [prerequisites] Manifest prerequisites
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Manifest.
             * @memberof drover.v1
             * @interface IManifest
             * @augments drover.v1.Manifest.$Properties
             * @deprecated Use drover.v1.Manifest.$Properties instead.
             */

            /**
             * Shape of a Manifest.
             * @typedef {drover.v1.Manifest.$Properties} drover.v1.Manifest.$Shape
             */

            /**
             * Constructs a new Manifest.
             * @memberof drover.v1
             * @classdesc Represents a Manifest.
             * @constructor
             * @param {drover.v1.Manifest.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Manifest = function (properties) {
                this.prerequisites = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Manifest vendorId.
             * @member {Uint8Array|null} vendorId
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.vendorId = null;

            /**
             * Manifest classId.
             * @member {Uint8Array|null} classId
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.classId = null;

            /**
             * Manifest deviceId.
             * @member {string|null} deviceId
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.deviceId = null;

            /**
             * Manifest priority.
             * @member {number|null} priority
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.priority = null;

            /**
             * Manifest component.
             * @member {string|null} component
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.component = null;

            /**
             * Manifest version.
             * @member {string|null} version
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.version = null;

            /**
             * Manifest releaseCounter.
             * @member {number|Long|null} releaseCounter
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.releaseCounter = null;

            /**
             * Manifest expiresAt.
             * @member {number|Long|null} expiresAt
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.expiresAt = null;

            /**
             * Manifest payloadSize.
             * @member {number|Long|null} payloadSize
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.payloadSize = null;

            /**
             * Manifest payloadSha256.
             * @member {Uint8Array|null} payloadSha256
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.payloadSha256 = null;

            /**
             * Manifest installedSize.
             * @member {number|Long|null} installedSize
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.installedSize = null;

            /**
             * Manifest installedSha256.
             * @member {Uint8Array|null} installedSha256
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.installedSha256 = null;

            /**
             * Manifest precursorSha256.
             * @member {Uint8Array|null} precursorSha256
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.precursorSha256 = null;

            /**
             * Manifest chunkIndexSize.
             * @member {number|null} chunkIndexSize
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.chunkIndexSize = null;

            /**
             * Manifest chunkIndexSha256.
             * @member {Uint8Array|null} chunkIndexSha256
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.chunkIndexSha256 = null;

            /**
             * Manifest uri.
             * @member {string|null} uri
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.uri = null;

            /**
             * Manifest format.
             * @member {drover.v1.PayloadFormat|null} format
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.format = null;

            /**
             * Manifest metadata.
             * @member {Uint8Array|null} metadata
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.metadata = null;

            /**
             * Manifest vendorData.
             * @member {Uint8Array|null} vendorData
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.vendorData = null;

            /**
             * Manifest needsReboot.
             * @member {boolean|null} needsReboot
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.needsReboot = null;

            /**
             * Manifest prerequisites.
             * @member {Array.<drover.v1.Prerequisite>} prerequisites
             * @memberof drover.v1.Manifest
             * @instance
             */
            Manifest.prototype.prerequisites = $util.emptyArray;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_vendorId", {
                get: $util.oneOfGetter($oneOfFields = ["vendorId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_classId", {
                get: $util.oneOfGetter($oneOfFields = ["classId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_deviceId", {
                get: $util.oneOfGetter($oneOfFields = ["deviceId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_priority", {
                get: $util.oneOfGetter($oneOfFields = ["priority"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_component", {
                get: $util.oneOfGetter($oneOfFields = ["component"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_version", {
                get: $util.oneOfGetter($oneOfFields = ["version"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_releaseCounter", {
                get: $util.oneOfGetter($oneOfFields = ["releaseCounter"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_expiresAt", {
                get: $util.oneOfGetter($oneOfFields = ["expiresAt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_payloadSize", {
                get: $util.oneOfGetter($oneOfFields = ["payloadSize"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_payloadSha256", {
                get: $util.oneOfGetter($oneOfFields = ["payloadSha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_installedSize", {
                get: $util.oneOfGetter($oneOfFields = ["installedSize"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_installedSha256", {
                get: $util.oneOfGetter($oneOfFields = ["installedSha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_precursorSha256", {
                get: $util.oneOfGetter($oneOfFields = ["precursorSha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_chunkIndexSize", {
                get: $util.oneOfGetter($oneOfFields = ["chunkIndexSize"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_chunkIndexSha256", {
                get: $util.oneOfGetter($oneOfFields = ["chunkIndexSha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_uri", {
                get: $util.oneOfGetter($oneOfFields = ["uri"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_format", {
                get: $util.oneOfGetter($oneOfFields = ["format"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_metadata", {
                get: $util.oneOfGetter($oneOfFields = ["metadata"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_vendorData", {
                get: $util.oneOfGetter($oneOfFields = ["vendorData"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Manifest.prototype, "_needsReboot", {
                get: $util.oneOfGetter($oneOfFields = ["needsReboot"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Manifest instance using the specified properties.
             * @function create
             * @memberof drover.v1.Manifest
             * @static
             * @param {drover.v1.Manifest.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Manifest} Manifest instance
             * @type {{
             *   (properties: drover.v1.Manifest.$Shape): drover.v1.Manifest & drover.v1.Manifest.$Shape;
             *   (properties?: drover.v1.Manifest.$Properties): drover.v1.Manifest;
             * }}
             */
            Manifest.create = function(properties) {
                return new Manifest(properties);
            };

            /**
             * Encodes the specified Manifest message. Does not implicitly {@link drover.v1.Manifest.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Manifest
             * @static
             * @param {drover.v1.Manifest.$Properties} message Manifest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Manifest.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.vendorId != null && $Object.hasOwnProperty.call(message, "vendorId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.vendorId);
                if (message.classId != null && $Object.hasOwnProperty.call(message, "classId"))
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.classId);
                if (message.deviceId != null && $Object.hasOwnProperty.call(message, "deviceId"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.deviceId);
                if (message.priority != null && $Object.hasOwnProperty.call(message, "priority"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.priority);
                if (message.component != null && $Object.hasOwnProperty.call(message, "component"))
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.component);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version"))
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.version);
                if (message.releaseCounter != null && $Object.hasOwnProperty.call(message, "releaseCounter"))
                    writer.uint32(/* id 7, wireType 0 =*/56).uint64(message.releaseCounter);
                if (message.expiresAt != null && $Object.hasOwnProperty.call(message, "expiresAt"))
                    writer.uint32(/* id 8, wireType 0 =*/64).uint64(message.expiresAt);
                if (message.payloadSize != null && $Object.hasOwnProperty.call(message, "payloadSize"))
                    writer.uint32(/* id 9, wireType 0 =*/72).uint64(message.payloadSize);
                if (message.payloadSha256 != null && $Object.hasOwnProperty.call(message, "payloadSha256"))
                    writer.uint32(/* id 10, wireType 2 =*/82).bytes(message.payloadSha256);
                if (message.installedSize != null && $Object.hasOwnProperty.call(message, "installedSize"))
                    writer.uint32(/* id 11, wireType 0 =*/88).uint64(message.installedSize);
                if (message.installedSha256 != null && $Object.hasOwnProperty.call(message, "installedSha256"))
                    writer.uint32(/* id 12, wireType 2 =*/98).bytes(message.installedSha256);
                if (message.precursorSha256 != null && $Object.hasOwnProperty.call(message, "precursorSha256"))
                    writer.uint32(/* id 13, wireType 2 =*/106).bytes(message.precursorSha256);
                if (message.chunkIndexSize != null && $Object.hasOwnProperty.call(message, "chunkIndexSize"))
                    writer.uint32(/* id 14, wireType 0 =*/112).uint32(message.chunkIndexSize);
                if (message.chunkIndexSha256 != null && $Object.hasOwnProperty.call(message, "chunkIndexSha256"))
                    writer.uint32(/* id 15, wireType 2 =*/122).bytes(message.chunkIndexSha256);
                if (message.uri != null && $Object.hasOwnProperty.call(message, "uri"))
                    writer.uint32(/* id 16, wireType 2 =*/130).string(message.uri);
                if (message.format != null && $Object.hasOwnProperty.call(message, "format"))
                    writer.uint32(/* id 17, wireType 0 =*/136).int32(message.format);
                if (message.metadata != null && $Object.hasOwnProperty.call(message, "metadata"))
                    writer.uint32(/* id 18, wireType 2 =*/146).bytes(message.metadata);
                if (message.vendorData != null && $Object.hasOwnProperty.call(message, "vendorData"))
                    writer.uint32(/* id 19, wireType 2 =*/154).bytes(message.vendorData);
                if (message.needsReboot != null && $Object.hasOwnProperty.call(message, "needsReboot"))
                    writer.uint32(/* id 20, wireType 0 =*/160).bool(message.needsReboot);
                if (message.prerequisites != null && message.prerequisites.length)
                    for (let i = 0; i < message.prerequisites.length; ++i)
                        $root.drover.v1.Prerequisite.encode(message.prerequisites[i], writer.uint32(/* id 21, wireType 2 =*/170).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Manifest message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Manifest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Manifest & drover.v1.Manifest.$Shape} Manifest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Manifest.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Manifest();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.vendorId = reader.bytes();
                            message._vendorId = "vendorId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.classId = reader.bytes();
                            message._classId = "classId";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.deviceId = reader.stringVerify();
                            message._deviceId = "deviceId";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            message.priority = reader.uint32();
                            message._priority = "priority";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.component = reader.stringVerify();
                            message._component = "component";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            message.version = reader.stringVerify();
                            message._version = "version";
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            message.releaseCounter = reader.uint64();
                            message._releaseCounter = "releaseCounter";
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            message.expiresAt = reader.uint64();
                            message._expiresAt = "expiresAt";
                            continue;
                        }
                    case 9: {
                            if (wireType !== 0)
                                break;
                            message.payloadSize = reader.uint64();
                            message._payloadSize = "payloadSize";
                            continue;
                        }
                    case 10: {
                            if (wireType !== 2)
                                break;
                            message.payloadSha256 = reader.bytes();
                            message._payloadSha256 = "payloadSha256";
                            continue;
                        }
                    case 11: {
                            if (wireType !== 0)
                                break;
                            message.installedSize = reader.uint64();
                            message._installedSize = "installedSize";
                            continue;
                        }
                    case 12: {
                            if (wireType !== 2)
                                break;
                            message.installedSha256 = reader.bytes();
                            message._installedSha256 = "installedSha256";
                            continue;
                        }
                    case 13: {
                            if (wireType !== 2)
                                break;
                            message.precursorSha256 = reader.bytes();
                            message._precursorSha256 = "precursorSha256";
                            continue;
                        }
                    case 14: {
                            if (wireType !== 0)
                                break;
                            message.chunkIndexSize = reader.uint32();
                            message._chunkIndexSize = "chunkIndexSize";
                            continue;
                        }
                    case 15: {
                            if (wireType !== 2)
                                break;
                            message.chunkIndexSha256 = reader.bytes();
                            message._chunkIndexSha256 = "chunkIndexSha256";
                            continue;
                        }
                    case 16: {
                            if (wireType !== 2)
                                break;
                            message.uri = reader.stringVerify();
                            message._uri = "uri";
                            continue;
                        }
                    case 17: {
                            if (wireType !== 0)
                                break;
                            message.format = reader.int32();
                            message._format = "format";
                            continue;
                        }
                    case 18: {
                            if (wireType !== 2)
                                break;
                            message.metadata = reader.bytes();
                            message._metadata = "metadata";
                            continue;
                        }
                    case 19: {
                            if (wireType !== 2)
                                break;
                            message.vendorData = reader.bytes();
                            message._vendorData = "vendorData";
                            continue;
                        }
                    case 20: {
                            if (wireType !== 0)
                                break;
                            message.needsReboot = reader.bool();
                            message._needsReboot = "needsReboot";
                            continue;
                        }
                    case 21: {
                            if (wireType !== 2)
                                break;
                            if (!(message.prerequisites && message.prerequisites.length))
                                message.prerequisites = [];
                            message.prerequisites.push($root.drover.v1.Prerequisite.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Manifest
             * @function getTypeUrl
             * @memberof drover.v1.Manifest
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Manifest.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Manifest";
            };

            return Manifest;
        })();

        v1.Prerequisite = (function() {

            /**
             * Properties of a Prerequisite.
             * @typedef {Object} drover.v1.Prerequisite.$Properties
             * @property {string|null} [component] Prerequisite component
             * @property {string|null} [versionLeast] Prerequisite versionLeast
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Prerequisite.
             * @memberof drover.v1
             * @interface IPrerequisite
             * @augments drover.v1.Prerequisite.$Properties
             * @deprecated Use drover.v1.Prerequisite.$Properties instead.
             */

            /**
             * Shape of a Prerequisite.
             * @typedef {drover.v1.Prerequisite.$Properties} drover.v1.Prerequisite.$Shape
             */

            /**
             * Constructs a new Prerequisite.
             * @memberof drover.v1
             * @classdesc Represents a Prerequisite.
             * @constructor
             * @param {drover.v1.Prerequisite.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Prerequisite = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Prerequisite component.
             * @member {string|null} component
             * @memberof drover.v1.Prerequisite
             * @instance
             */
            Prerequisite.prototype.component = null;

            /**
             * Prerequisite versionLeast.
             * @member {string|null} versionLeast
             * @memberof drover.v1.Prerequisite
             * @instance
             */
            Prerequisite.prototype.versionLeast = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Prerequisite.prototype, "_component", {
                get: $util.oneOfGetter($oneOfFields = ["component"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Prerequisite.prototype, "_versionLeast", {
                get: $util.oneOfGetter($oneOfFields = ["versionLeast"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Prerequisite instance using the specified properties.
             * @function create
             * @memberof drover.v1.Prerequisite
             * @static
             * @param {drover.v1.Prerequisite.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Prerequisite} Prerequisite instance
             * @type {{
             *   (properties: drover.v1.Prerequisite.$Shape): drover.v1.Prerequisite & drover.v1.Prerequisite.$Shape;
             *   (properties?: drover.v1.Prerequisite.$Properties): drover.v1.Prerequisite;
             * }}
             */
            Prerequisite.create = function(properties) {
                return new Prerequisite(properties);
            };

            /**
             * Encodes the specified Prerequisite message. Does not implicitly {@link drover.v1.Prerequisite.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Prerequisite
             * @static
             * @param {drover.v1.Prerequisite.$Properties} message Prerequisite message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Prerequisite.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.component != null && $Object.hasOwnProperty.call(message, "component"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.component);
                if (message.versionLeast != null && $Object.hasOwnProperty.call(message, "versionLeast"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.versionLeast);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Prerequisite message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Prerequisite
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Prerequisite & drover.v1.Prerequisite.$Shape} Prerequisite
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Prerequisite.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Prerequisite();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.component = reader.stringVerify();
                            message._component = "component";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.versionLeast = reader.stringVerify();
                            message._versionLeast = "versionLeast";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Prerequisite
             * @function getTypeUrl
             * @memberof drover.v1.Prerequisite
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Prerequisite.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Prerequisite";
            };

            return Prerequisite;
        })();

        v1.Command = (function() {

            /**
             * Properties of a Command.
             * @typedef {Object} drover.v1.Command.$Properties
             * @property {string|null} [operationType] Command operationType
             * @property {string|null} [operationId] Command operationId
             * @property {Uint8Array|null} [vendorId] Command vendorId
             * @property {Uint8Array|null} [classId] Command classId
             * @property {string|null} [deviceId] Command deviceId
             * @property {number|Long|null} [expiresAt] Command expiresAt
             * @property {Uint8Array|null} ["arguments"] Command arguments
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Command.
             * @memberof drover.v1
             * @interface ICommand
             * @augments drover.v1.Command.$Properties
             * @deprecated Use drover.v1.Command.$Properties instead.
             */

            /**
             * Shape of a Command.
             * @typedef {drover.v1.Command.$Properties} drover.v1.Command.$Shape
             */

            /**
             * Constructs a new Command.
             * @memberof drover.v1
             * @classdesc Represents a Command.
             * @constructor
             * @param {drover.v1.Command.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Command = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Command operationType.
             * @member {string|null} operationType
             * @memberof drover.v1.Command
             * @instance
             */
            Command.prototype.operationType = null;

            /**
             * Command operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.Command
             * @instance
             */
            Command.prototype.operationId = null;

            /**
             * Command vendorId.
             * @member {Uint8Array|null} vendorId
             * @memberof drover.v1.Command
             * @instance
             */
            Command.prototype.vendorId = null;

            /**
             * Command classId.
             * @member {Uint8Array|null} classId
             * @memberof drover.v1.Command
             * @instance
             */
            Command.prototype.classId = null;

            /**
             * Command deviceId.
             * @member {string|null} deviceId
             * @memberof drover.v1.Command
             * @instance
             */
            Command.prototype.deviceId = null;

            /**
             * Command expiresAt.
             * @member {number|Long|null} expiresAt
             * @memberof drover.v1.Command
             * @instance
             */
            Command.prototype.expiresAt = null;

            /**
             * Command arguments.
             * @member {Uint8Array|null} arguments
             * @memberof drover.v1.Command
             * @instance
             */
            Command.prototype["arguments"] = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Command.prototype, "_operationType", {
                get: $util.oneOfGetter($oneOfFields = ["operationType"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Command.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Command.prototype, "_vendorId", {
                get: $util.oneOfGetter($oneOfFields = ["vendorId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Command.prototype, "_classId", {
                get: $util.oneOfGetter($oneOfFields = ["classId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Command.prototype, "_deviceId", {
                get: $util.oneOfGetter($oneOfFields = ["deviceId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Command.prototype, "_expiresAt", {
                get: $util.oneOfGetter($oneOfFields = ["expiresAt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Command.prototype, "_arguments", {
                get: $util.oneOfGetter($oneOfFields = ["arguments"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Command instance using the specified properties.
             * @function create
             * @memberof drover.v1.Command
             * @static
             * @param {drover.v1.Command.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Command} Command instance
             * @type {{
             *   (properties: drover.v1.Command.$Shape): drover.v1.Command & drover.v1.Command.$Shape;
             *   (properties?: drover.v1.Command.$Properties): drover.v1.Command;
             * }}
             */
            Command.create = function(properties) {
                return new Command(properties);
            };

            /**
             * Encodes the specified Command message. Does not implicitly {@link drover.v1.Command.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Command
             * @static
             * @param {drover.v1.Command.$Properties} message Command message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Command.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.operationType != null && $Object.hasOwnProperty.call(message, "operationType"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.operationType);
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.operationId);
                if (message.vendorId != null && $Object.hasOwnProperty.call(message, "vendorId"))
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.vendorId);
                if (message.classId != null && $Object.hasOwnProperty.call(message, "classId"))
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.classId);
                if (message.deviceId != null && $Object.hasOwnProperty.call(message, "deviceId"))
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.deviceId);
                if (message.expiresAt != null && $Object.hasOwnProperty.call(message, "expiresAt"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint64(message.expiresAt);
                if (message["arguments"] != null && $Object.hasOwnProperty.call(message, "arguments"))
                    writer.uint32(/* id 7, wireType 2 =*/58).bytes(message["arguments"]);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Command message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Command
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Command & drover.v1.Command.$Shape} Command
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Command.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Command();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.operationType = reader.stringVerify();
                            message._operationType = "operationType";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.vendorId = reader.bytes();
                            message._vendorId = "vendorId";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.classId = reader.bytes();
                            message._classId = "classId";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.deviceId = reader.stringVerify();
                            message._deviceId = "deviceId";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            message.expiresAt = reader.uint64();
                            message._expiresAt = "expiresAt";
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            message["arguments"] = reader.bytes();
                            message._arguments = "arguments";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Command
             * @function getTypeUrl
             * @memberof drover.v1.Command
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Command.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Command";
            };

            return Command;
        })();

        v1.ChunkIndex = (function() {

            /**
             * Properties of a ChunkIndex.
             * @typedef {Object} drover.v1.ChunkIndex.$Properties
             * @property {number|null} [minimumBytes] ChunkIndex minimumBytes
             * @property {number|null} [averageBytes] ChunkIndex averageBytes
             * @property {number|null} [maximumBytes] ChunkIndex maximumBytes
             * @property {number|Long|null} [imageSize] ChunkIndex imageSize
             * @property {Uint8Array|null} [lengths] ChunkIndex lengths
             * @property {Uint8Array|null} [digests] ChunkIndex digests
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ChunkIndex.
             * @memberof drover.v1
             * @interface IChunkIndex
             * @augments drover.v1.ChunkIndex.$Properties
             * @deprecated Use drover.v1.ChunkIndex.$Properties instead.
             */

            /**
             * Shape of a ChunkIndex.
             * @typedef {drover.v1.ChunkIndex.$Properties} drover.v1.ChunkIndex.$Shape
             */

            /**
             * Constructs a new ChunkIndex.
             * @memberof drover.v1
             * @classdesc Represents a ChunkIndex.
             * @constructor
             * @param {drover.v1.ChunkIndex.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ChunkIndex = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ChunkIndex minimumBytes.
             * @member {number|null} minimumBytes
             * @memberof drover.v1.ChunkIndex
             * @instance
             */
            ChunkIndex.prototype.minimumBytes = null;

            /**
             * ChunkIndex averageBytes.
             * @member {number|null} averageBytes
             * @memberof drover.v1.ChunkIndex
             * @instance
             */
            ChunkIndex.prototype.averageBytes = null;

            /**
             * ChunkIndex maximumBytes.
             * @member {number|null} maximumBytes
             * @memberof drover.v1.ChunkIndex
             * @instance
             */
            ChunkIndex.prototype.maximumBytes = null;

            /**
             * ChunkIndex imageSize.
             * @member {number|Long|null} imageSize
             * @memberof drover.v1.ChunkIndex
             * @instance
             */
            ChunkIndex.prototype.imageSize = null;

            /**
             * ChunkIndex lengths.
             * @member {Uint8Array|null} lengths
             * @memberof drover.v1.ChunkIndex
             * @instance
             */
            ChunkIndex.prototype.lengths = null;

            /**
             * ChunkIndex digests.
             * @member {Uint8Array|null} digests
             * @memberof drover.v1.ChunkIndex
             * @instance
             */
            ChunkIndex.prototype.digests = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkIndex.prototype, "_minimumBytes", {
                get: $util.oneOfGetter($oneOfFields = ["minimumBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkIndex.prototype, "_averageBytes", {
                get: $util.oneOfGetter($oneOfFields = ["averageBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkIndex.prototype, "_maximumBytes", {
                get: $util.oneOfGetter($oneOfFields = ["maximumBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkIndex.prototype, "_imageSize", {
                get: $util.oneOfGetter($oneOfFields = ["imageSize"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkIndex.prototype, "_lengths", {
                get: $util.oneOfGetter($oneOfFields = ["lengths"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkIndex.prototype, "_digests", {
                get: $util.oneOfGetter($oneOfFields = ["digests"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new ChunkIndex instance using the specified properties.
             * @function create
             * @memberof drover.v1.ChunkIndex
             * @static
             * @param {drover.v1.ChunkIndex.$Properties=} [properties] Properties to set
             * @returns {drover.v1.ChunkIndex} ChunkIndex instance
             * @type {{
             *   (properties: drover.v1.ChunkIndex.$Shape): drover.v1.ChunkIndex & drover.v1.ChunkIndex.$Shape;
             *   (properties?: drover.v1.ChunkIndex.$Properties): drover.v1.ChunkIndex;
             * }}
             */
            ChunkIndex.create = function(properties) {
                return new ChunkIndex(properties);
            };

            /**
             * Encodes the specified ChunkIndex message. Does not implicitly {@link drover.v1.ChunkIndex.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.ChunkIndex
             * @static
             * @param {drover.v1.ChunkIndex.$Properties} message ChunkIndex message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ChunkIndex.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.minimumBytes != null && $Object.hasOwnProperty.call(message, "minimumBytes"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.minimumBytes);
                if (message.averageBytes != null && $Object.hasOwnProperty.call(message, "averageBytes"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.averageBytes);
                if (message.maximumBytes != null && $Object.hasOwnProperty.call(message, "maximumBytes"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.maximumBytes);
                if (message.imageSize != null && $Object.hasOwnProperty.call(message, "imageSize"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.imageSize);
                if (message.lengths != null && $Object.hasOwnProperty.call(message, "lengths"))
                    writer.uint32(/* id 5, wireType 2 =*/42).bytes(message.lengths);
                if (message.digests != null && $Object.hasOwnProperty.call(message, "digests"))
                    writer.uint32(/* id 6, wireType 2 =*/50).bytes(message.digests);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ChunkIndex message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.ChunkIndex
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.ChunkIndex & drover.v1.ChunkIndex.$Shape} ChunkIndex
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ChunkIndex.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.ChunkIndex();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.minimumBytes = reader.uint32();
                            message._minimumBytes = "minimumBytes";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.averageBytes = reader.uint32();
                            message._averageBytes = "averageBytes";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.maximumBytes = reader.uint32();
                            message._maximumBytes = "maximumBytes";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            message.imageSize = reader.uint64();
                            message._imageSize = "imageSize";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.lengths = reader.bytes();
                            message._lengths = "lengths";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            message.digests = reader.bytes();
                            message._digests = "digests";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for ChunkIndex
             * @function getTypeUrl
             * @memberof drover.v1.ChunkIndex
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            ChunkIndex.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.ChunkIndex";
            };

            return ChunkIndex;
        })();

        v1.DeltaMetadata = (function() {

            /**
             * Properties of a DeltaMetadata.
             * @typedef {Object} drover.v1.DeltaMetadata.$Properties
             * @property {number|Long|null} [baseSize] DeltaMetadata baseSize
             * @property {number|null} [frameBytesMax] DeltaMetadata frameBytesMax
             * @property {number|null} [baseBytesMax] DeltaMetadata baseBytesMax
             * @property {number|null} [encodedBytesMax] DeltaMetadata encodedBytesMax
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a DeltaMetadata.
             * @memberof drover.v1
             * @interface IDeltaMetadata
             * @augments drover.v1.DeltaMetadata.$Properties
             * @deprecated Use drover.v1.DeltaMetadata.$Properties instead.
             */

            /**
             * Shape of a DeltaMetadata.
             * @typedef {drover.v1.DeltaMetadata.$Properties} drover.v1.DeltaMetadata.$Shape
             */

            /**
             * Constructs a new DeltaMetadata.
             * @memberof drover.v1
             * @classdesc Represents a DeltaMetadata.
             * @constructor
             * @param {drover.v1.DeltaMetadata.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const DeltaMetadata = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * DeltaMetadata baseSize.
             * @member {number|Long|null} baseSize
             * @memberof drover.v1.DeltaMetadata
             * @instance
             */
            DeltaMetadata.prototype.baseSize = null;

            /**
             * DeltaMetadata frameBytesMax.
             * @member {number|null} frameBytesMax
             * @memberof drover.v1.DeltaMetadata
             * @instance
             */
            DeltaMetadata.prototype.frameBytesMax = null;

            /**
             * DeltaMetadata baseBytesMax.
             * @member {number|null} baseBytesMax
             * @memberof drover.v1.DeltaMetadata
             * @instance
             */
            DeltaMetadata.prototype.baseBytesMax = null;

            /**
             * DeltaMetadata encodedBytesMax.
             * @member {number|null} encodedBytesMax
             * @memberof drover.v1.DeltaMetadata
             * @instance
             */
            DeltaMetadata.prototype.encodedBytesMax = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeltaMetadata.prototype, "_baseSize", {
                get: $util.oneOfGetter($oneOfFields = ["baseSize"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeltaMetadata.prototype, "_frameBytesMax", {
                get: $util.oneOfGetter($oneOfFields = ["frameBytesMax"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeltaMetadata.prototype, "_baseBytesMax", {
                get: $util.oneOfGetter($oneOfFields = ["baseBytesMax"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(DeltaMetadata.prototype, "_encodedBytesMax", {
                get: $util.oneOfGetter($oneOfFields = ["encodedBytesMax"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new DeltaMetadata instance using the specified properties.
             * @function create
             * @memberof drover.v1.DeltaMetadata
             * @static
             * @param {drover.v1.DeltaMetadata.$Properties=} [properties] Properties to set
             * @returns {drover.v1.DeltaMetadata} DeltaMetadata instance
             * @type {{
             *   (properties: drover.v1.DeltaMetadata.$Shape): drover.v1.DeltaMetadata & drover.v1.DeltaMetadata.$Shape;
             *   (properties?: drover.v1.DeltaMetadata.$Properties): drover.v1.DeltaMetadata;
             * }}
             */
            DeltaMetadata.create = function(properties) {
                return new DeltaMetadata(properties);
            };

            /**
             * Encodes the specified DeltaMetadata message. Does not implicitly {@link drover.v1.DeltaMetadata.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.DeltaMetadata
             * @static
             * @param {drover.v1.DeltaMetadata.$Properties} message DeltaMetadata message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            DeltaMetadata.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.baseSize != null && $Object.hasOwnProperty.call(message, "baseSize"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.baseSize);
                if (message.frameBytesMax != null && $Object.hasOwnProperty.call(message, "frameBytesMax"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.frameBytesMax);
                if (message.baseBytesMax != null && $Object.hasOwnProperty.call(message, "baseBytesMax"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.baseBytesMax);
                if (message.encodedBytesMax != null && $Object.hasOwnProperty.call(message, "encodedBytesMax"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.encodedBytesMax);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a DeltaMetadata message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.DeltaMetadata
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.DeltaMetadata & drover.v1.DeltaMetadata.$Shape} DeltaMetadata
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            DeltaMetadata.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.DeltaMetadata();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.baseSize = reader.uint64();
                            message._baseSize = "baseSize";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.frameBytesMax = reader.uint32();
                            message._frameBytesMax = "frameBytesMax";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.baseBytesMax = reader.uint32();
                            message._baseBytesMax = "baseBytesMax";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            message.encodedBytesMax = reader.uint32();
                            message._encodedBytesMax = "encodedBytesMax";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for DeltaMetadata
             * @function getTypeUrl
             * @memberof drover.v1.DeltaMetadata
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            DeltaMetadata.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.DeltaMetadata";
            };

            return DeltaMetadata;
        })();

        v1.PackageMetadata = (function() {

            /**
             * Properties of a PackageMetadata.
             * @typedef {Object} drover.v1.PackageMetadata.$Properties
             * @property {number|null} [descriptorSize] PackageMetadata descriptorSize
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a PackageMetadata.
             * @memberof drover.v1
             * @interface IPackageMetadata
             * @augments drover.v1.PackageMetadata.$Properties
             * @deprecated Use drover.v1.PackageMetadata.$Properties instead.
             */

            /**
             * Shape of a PackageMetadata.
             * @typedef {drover.v1.PackageMetadata.$Properties} drover.v1.PackageMetadata.$Shape
             */

            /**
             * Constructs a new PackageMetadata.
             * @memberof drover.v1
             * @classdesc Represents a PackageMetadata.
             * @constructor
             * @param {drover.v1.PackageMetadata.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const PackageMetadata = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * PackageMetadata descriptorSize.
             * @member {number|null} descriptorSize
             * @memberof drover.v1.PackageMetadata
             * @instance
             */
            PackageMetadata.prototype.descriptorSize = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PackageMetadata.prototype, "_descriptorSize", {
                get: $util.oneOfGetter($oneOfFields = ["descriptorSize"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new PackageMetadata instance using the specified properties.
             * @function create
             * @memberof drover.v1.PackageMetadata
             * @static
             * @param {drover.v1.PackageMetadata.$Properties=} [properties] Properties to set
             * @returns {drover.v1.PackageMetadata} PackageMetadata instance
             * @type {{
             *   (properties: drover.v1.PackageMetadata.$Shape): drover.v1.PackageMetadata & drover.v1.PackageMetadata.$Shape;
             *   (properties?: drover.v1.PackageMetadata.$Properties): drover.v1.PackageMetadata;
             * }}
             */
            PackageMetadata.create = function(properties) {
                return new PackageMetadata(properties);
            };

            /**
             * Encodes the specified PackageMetadata message. Does not implicitly {@link drover.v1.PackageMetadata.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.PackageMetadata
             * @static
             * @param {drover.v1.PackageMetadata.$Properties} message PackageMetadata message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            PackageMetadata.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.descriptorSize != null && $Object.hasOwnProperty.call(message, "descriptorSize"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.descriptorSize);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a PackageMetadata message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.PackageMetadata
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.PackageMetadata & drover.v1.PackageMetadata.$Shape} PackageMetadata
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            PackageMetadata.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.PackageMetadata();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.descriptorSize = reader.uint32();
                            message._descriptorSize = "descriptorSize";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for PackageMetadata
             * @function getTypeUrl
             * @memberof drover.v1.PackageMetadata
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            PackageMetadata.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.PackageMetadata";
            };

            return PackageMetadata;
        })();

        v1.PackageDescriptor = (function() {

            /**
             * Properties of a PackageDescriptor.
             * @typedef {Object} drover.v1.PackageDescriptor.$Properties
             * @property {number|null} [imageCount] PackageDescriptor imageCount
             * @property {Array.<drover.v1.PackageImage.$Properties>} [images] PackageDescriptor images
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a PackageDescriptor.
             * @memberof drover.v1
             * @interface IPackageDescriptor
             * @augments drover.v1.PackageDescriptor.$Properties
             * @deprecated Use drover.v1.PackageDescriptor.$Properties instead.
             */

            /**
             * Shape of a PackageDescriptor.
             * @typedef {drover.v1.PackageDescriptor.$Properties} drover.v1.PackageDescriptor.$Shape
             */

            /**
             * Constructs a new PackageDescriptor.
             * @memberof drover.v1
             * @classdesc Represents a PackageDescriptor.
             * @constructor
             * @param {drover.v1.PackageDescriptor.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const PackageDescriptor = function (properties) {
                this.images = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * PackageDescriptor imageCount.
             * @member {number|null} imageCount
             * @memberof drover.v1.PackageDescriptor
             * @instance
             */
            PackageDescriptor.prototype.imageCount = null;

            /**
             * PackageDescriptor images.
             * @member {Array.<drover.v1.PackageImage>} images
             * @memberof drover.v1.PackageDescriptor
             * @instance
             */
            PackageDescriptor.prototype.images = $util.emptyArray;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PackageDescriptor.prototype, "_imageCount", {
                get: $util.oneOfGetter($oneOfFields = ["imageCount"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new PackageDescriptor instance using the specified properties.
             * @function create
             * @memberof drover.v1.PackageDescriptor
             * @static
             * @param {drover.v1.PackageDescriptor.$Properties=} [properties] Properties to set
             * @returns {drover.v1.PackageDescriptor} PackageDescriptor instance
             * @type {{
             *   (properties: drover.v1.PackageDescriptor.$Shape): drover.v1.PackageDescriptor & drover.v1.PackageDescriptor.$Shape;
             *   (properties?: drover.v1.PackageDescriptor.$Properties): drover.v1.PackageDescriptor;
             * }}
             */
            PackageDescriptor.create = function(properties) {
                return new PackageDescriptor(properties);
            };

            /**
             * Encodes the specified PackageDescriptor message. Does not implicitly {@link drover.v1.PackageDescriptor.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.PackageDescriptor
             * @static
             * @param {drover.v1.PackageDescriptor.$Properties} message PackageDescriptor message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            PackageDescriptor.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.imageCount != null && $Object.hasOwnProperty.call(message, "imageCount"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.imageCount);
                if (message.images != null && message.images.length)
                    for (let i = 0; i < message.images.length; ++i)
                        $root.drover.v1.PackageImage.encode(message.images[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a PackageDescriptor message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.PackageDescriptor
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.PackageDescriptor & drover.v1.PackageDescriptor.$Shape} PackageDescriptor
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            PackageDescriptor.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.PackageDescriptor();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.imageCount = reader.uint32();
                            message._imageCount = "imageCount";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if (!(message.images && message.images.length))
                                message.images = [];
                            message.images.push($root.drover.v1.PackageImage.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for PackageDescriptor
             * @function getTypeUrl
             * @memberof drover.v1.PackageDescriptor
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            PackageDescriptor.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.PackageDescriptor";
            };

            return PackageDescriptor;
        })();

        v1.PackageImage = (function() {

            /**
             * Properties of a PackageImage.
             * @typedef {Object} drover.v1.PackageImage.$Properties
             * @property {string|null} [component] PackageImage component
             * @property {string|null} [version] PackageImage version
             * @property {number|Long|null} [size] PackageImage size
             * @property {Uint8Array|null} [sha256] PackageImage sha256
             * @property {Uint8Array|null} [vendorData] PackageImage vendorData
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a PackageImage.
             * @memberof drover.v1
             * @interface IPackageImage
             * @augments drover.v1.PackageImage.$Properties
             * @deprecated Use drover.v1.PackageImage.$Properties instead.
             */

            /**
             * Shape of a PackageImage.
             * @typedef {drover.v1.PackageImage.$Properties} drover.v1.PackageImage.$Shape
             */

            /**
             * Constructs a new PackageImage.
             * @memberof drover.v1
             * @classdesc Represents a PackageImage.
             * @constructor
             * @param {drover.v1.PackageImage.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const PackageImage = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * PackageImage component.
             * @member {string|null} component
             * @memberof drover.v1.PackageImage
             * @instance
             */
            PackageImage.prototype.component = null;

            /**
             * PackageImage version.
             * @member {string|null} version
             * @memberof drover.v1.PackageImage
             * @instance
             */
            PackageImage.prototype.version = null;

            /**
             * PackageImage size.
             * @member {number|Long|null} size
             * @memberof drover.v1.PackageImage
             * @instance
             */
            PackageImage.prototype.size = null;

            /**
             * PackageImage sha256.
             * @member {Uint8Array|null} sha256
             * @memberof drover.v1.PackageImage
             * @instance
             */
            PackageImage.prototype.sha256 = null;

            /**
             * PackageImage vendorData.
             * @member {Uint8Array|null} vendorData
             * @memberof drover.v1.PackageImage
             * @instance
             */
            PackageImage.prototype.vendorData = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PackageImage.prototype, "_component", {
                get: $util.oneOfGetter($oneOfFields = ["component"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PackageImage.prototype, "_version", {
                get: $util.oneOfGetter($oneOfFields = ["version"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PackageImage.prototype, "_size", {
                get: $util.oneOfGetter($oneOfFields = ["size"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PackageImage.prototype, "_sha256", {
                get: $util.oneOfGetter($oneOfFields = ["sha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PackageImage.prototype, "_vendorData", {
                get: $util.oneOfGetter($oneOfFields = ["vendorData"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new PackageImage instance using the specified properties.
             * @function create
             * @memberof drover.v1.PackageImage
             * @static
             * @param {drover.v1.PackageImage.$Properties=} [properties] Properties to set
             * @returns {drover.v1.PackageImage} PackageImage instance
             * @type {{
             *   (properties: drover.v1.PackageImage.$Shape): drover.v1.PackageImage & drover.v1.PackageImage.$Shape;
             *   (properties?: drover.v1.PackageImage.$Properties): drover.v1.PackageImage;
             * }}
             */
            PackageImage.create = function(properties) {
                return new PackageImage(properties);
            };

            /**
             * Encodes the specified PackageImage message. Does not implicitly {@link drover.v1.PackageImage.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.PackageImage
             * @static
             * @param {drover.v1.PackageImage.$Properties} message PackageImage message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            PackageImage.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.component != null && $Object.hasOwnProperty.call(message, "component"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.component);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
                if (message.size != null && $Object.hasOwnProperty.call(message, "size"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.size);
                if (message.sha256 != null && $Object.hasOwnProperty.call(message, "sha256"))
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.sha256);
                if (message.vendorData != null && $Object.hasOwnProperty.call(message, "vendorData"))
                    writer.uint32(/* id 5, wireType 2 =*/42).bytes(message.vendorData);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a PackageImage message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.PackageImage
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.PackageImage & drover.v1.PackageImage.$Shape} PackageImage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            PackageImage.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.PackageImage();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.component = reader.stringVerify();
                            message._component = "component";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.version = reader.stringVerify();
                            message._version = "version";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.size = reader.uint64();
                            message._size = "size";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.sha256 = reader.bytes();
                            message._sha256 = "sha256";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.vendorData = reader.bytes();
                            message._vendorData = "vendorData";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for PackageImage
             * @function getTypeUrl
             * @memberof drover.v1.PackageImage
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            PackageImage.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.PackageImage";
            };

            return PackageImage;
        })();

        v1.OfferMessage = (function() {

            /**
             * Properties of an OfferMessage.
             * @typedef {Object} drover.v1.OfferMessage.$Properties
             * @property {drover.v1.Offer.$Properties|null} [offer] OfferMessage offer
             * @property {drover.v1.Withdraw.$Properties|null} [withdraw] OfferMessage withdraw
             * @property {drover.v1.Proceed.$Properties|null} [proceed] OfferMessage proceed
             * @property {drover.v1.JoinSession.$Properties|null} [join] OfferMessage join
             * @property {drover.v1.TrustUpdate.$Properties|null} [trust] OfferMessage trust
             * @property {drover.v1.CertificateAnswer.$Properties|null} [certificate] OfferMessage certificate
             * @property {"offer"|"withdraw"|"proceed"|"join"|"trust"|"certificate"} [content] OfferMessage content
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an OfferMessage.
             * @memberof drover.v1
             * @interface IOfferMessage
             * @augments drover.v1.OfferMessage.$Properties
             * @deprecated Use drover.v1.OfferMessage.$Properties instead.
             */

            /**
             * Narrowed shape of an OfferMessage.
             * @typedef {{
             *   offer?: drover.v1.Offer.$Shape|null;
             *   withdraw?: drover.v1.Withdraw.$Shape|null;
             *   proceed?: drover.v1.Proceed.$Shape|null;
             *   join?: drover.v1.JoinSession.$Shape|null;
             *   trust?: drover.v1.TrustUpdate.$Shape|null;
             *   certificate?: drover.v1.CertificateAnswer.$Shape|null;
             *   $unknowns?: Array.<Uint8Array>;
             * } & (
             *   ({ content?: undefined; offer?: null; withdraw?: null; proceed?: null; join?: null; trust?: null; certificate?: null }|{ content?: "offer"; offer: drover.v1.Offer.$Shape; withdraw?: null; proceed?: null; join?: null; trust?: null; certificate?: null }|{ content?: "withdraw"; offer?: null; withdraw: drover.v1.Withdraw.$Shape; proceed?: null; join?: null; trust?: null; certificate?: null }|{ content?: "proceed"; offer?: null; withdraw?: null; proceed: drover.v1.Proceed.$Shape; join?: null; trust?: null; certificate?: null }|{ content?: "join"; offer?: null; withdraw?: null; proceed?: null; join: drover.v1.JoinSession.$Shape; trust?: null; certificate?: null }|{ content?: "trust"; offer?: null; withdraw?: null; proceed?: null; join?: null; trust: drover.v1.TrustUpdate.$Shape; certificate?: null }|{ content?: "certificate"; offer?: null; withdraw?: null; proceed?: null; join?: null; trust?: null; certificate: drover.v1.CertificateAnswer.$Shape })
             * )} drover.v1.OfferMessage.$Shape
             */

            /**
             * Constructs a new OfferMessage.
             * @memberof drover.v1
             * @classdesc Represents an OfferMessage.
             * @constructor
             * @param {drover.v1.OfferMessage.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const OfferMessage = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * OfferMessage offer.
             * @member {drover.v1.Offer|null} offer
             * @memberof drover.v1.OfferMessage
             * @instance
             */
            OfferMessage.prototype.offer = null;

            /**
             * OfferMessage withdraw.
             * @member {drover.v1.Withdraw|null} withdraw
             * @memberof drover.v1.OfferMessage
             * @instance
             */
            OfferMessage.prototype.withdraw = null;

            /**
             * OfferMessage proceed.
             * @member {drover.v1.Proceed|null} proceed
             * @memberof drover.v1.OfferMessage
             * @instance
             */
            OfferMessage.prototype.proceed = null;

            /**
             * OfferMessage join.
             * @member {drover.v1.JoinSession|null} join
             * @memberof drover.v1.OfferMessage
             * @instance
             */
            OfferMessage.prototype.join = null;

            /**
             * OfferMessage trust.
             * @member {drover.v1.TrustUpdate|null} trust
             * @memberof drover.v1.OfferMessage
             * @instance
             */
            OfferMessage.prototype.trust = null;

            /**
             * OfferMessage certificate.
             * @member {drover.v1.CertificateAnswer|null} certificate
             * @memberof drover.v1.OfferMessage
             * @instance
             */
            OfferMessage.prototype.certificate = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            /**
             * OfferMessage content.
             * @member {"offer"|"withdraw"|"proceed"|"join"|"trust"|"certificate"|undefined} content
             * @memberof drover.v1.OfferMessage
             * @instance
             */
            $Object.defineProperty(OfferMessage.prototype, "content", {
                get: $util.oneOfGetter($oneOfFields = ["offer", "withdraw", "proceed", "join", "trust", "certificate"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new OfferMessage instance using the specified properties.
             * @function create
             * @memberof drover.v1.OfferMessage
             * @static
             * @param {drover.v1.OfferMessage.$Properties=} [properties] Properties to set
             * @returns {drover.v1.OfferMessage} OfferMessage instance
             * @type {{
             *   (properties: drover.v1.OfferMessage.$Shape): drover.v1.OfferMessage & drover.v1.OfferMessage.$Shape;
             *   (properties?: drover.v1.OfferMessage.$Properties): drover.v1.OfferMessage;
             * }}
             */
            OfferMessage.create = function(properties) {
                return new OfferMessage(properties);
            };

            /**
             * Encodes the specified OfferMessage message. Does not implicitly {@link drover.v1.OfferMessage.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.OfferMessage
             * @static
             * @param {drover.v1.OfferMessage.$Properties} message OfferMessage message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            OfferMessage.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.offer != null && $Object.hasOwnProperty.call(message, "offer"))
                    $root.drover.v1.Offer.encode(message.offer, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                if (message.withdraw != null && $Object.hasOwnProperty.call(message, "withdraw"))
                    $root.drover.v1.Withdraw.encode(message.withdraw, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.proceed != null && $Object.hasOwnProperty.call(message, "proceed"))
                    $root.drover.v1.Proceed.encode(message.proceed, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.join != null && $Object.hasOwnProperty.call(message, "join"))
                    $root.drover.v1.JoinSession.encode(message.join, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                if (message.trust != null && $Object.hasOwnProperty.call(message, "trust"))
                    $root.drover.v1.TrustUpdate.encode(message.trust, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                if (message.certificate != null && $Object.hasOwnProperty.call(message, "certificate"))
                    $root.drover.v1.CertificateAnswer.encode(message.certificate, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an OfferMessage message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.OfferMessage
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.OfferMessage & drover.v1.OfferMessage.$Shape} OfferMessage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            OfferMessage.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.OfferMessage();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.offer = $root.drover.v1.Offer.decode(reader, reader.size(), $undefined, _depth + 1, message.offer);
                            message.content = "offer";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.withdraw = $root.drover.v1.Withdraw.decode(reader, reader.size(), $undefined, _depth + 1, message.withdraw);
                            message.content = "withdraw";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.proceed = $root.drover.v1.Proceed.decode(reader, reader.size(), $undefined, _depth + 1, message.proceed);
                            message.content = "proceed";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.join = $root.drover.v1.JoinSession.decode(reader, reader.size(), $undefined, _depth + 1, message.join);
                            message.content = "join";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.trust = $root.drover.v1.TrustUpdate.decode(reader, reader.size(), $undefined, _depth + 1, message.trust);
                            message.content = "trust";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            message.certificate = $root.drover.v1.CertificateAnswer.decode(reader, reader.size(), $undefined, _depth + 1, message.certificate);
                            message.content = "certificate";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for OfferMessage
             * @function getTypeUrl
             * @memberof drover.v1.OfferMessage
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            OfferMessage.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.OfferMessage";
            };

            return OfferMessage;
        })();

        v1.TrustUpdate = (function() {

            /**
             * Properties of a TrustUpdate.
             * @typedef {Object} drover.v1.TrustUpdate.$Properties
             * @property {Uint8Array|null} [document] TrustUpdate document
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a TrustUpdate.
             * @memberof drover.v1
             * @interface ITrustUpdate
             * @augments drover.v1.TrustUpdate.$Properties
             * @deprecated Use drover.v1.TrustUpdate.$Properties instead.
             */

            /**
             * Shape of a TrustUpdate.
             * @typedef {drover.v1.TrustUpdate.$Properties} drover.v1.TrustUpdate.$Shape
             */

            /**
             * Constructs a new TrustUpdate.
             * @memberof drover.v1
             * @classdesc Represents a TrustUpdate.
             * @constructor
             * @param {drover.v1.TrustUpdate.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const TrustUpdate = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * TrustUpdate document.
             * @member {Uint8Array|null} document
             * @memberof drover.v1.TrustUpdate
             * @instance
             */
            TrustUpdate.prototype.document = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(TrustUpdate.prototype, "_document", {
                get: $util.oneOfGetter($oneOfFields = ["document"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new TrustUpdate instance using the specified properties.
             * @function create
             * @memberof drover.v1.TrustUpdate
             * @static
             * @param {drover.v1.TrustUpdate.$Properties=} [properties] Properties to set
             * @returns {drover.v1.TrustUpdate} TrustUpdate instance
             * @type {{
             *   (properties: drover.v1.TrustUpdate.$Shape): drover.v1.TrustUpdate & drover.v1.TrustUpdate.$Shape;
             *   (properties?: drover.v1.TrustUpdate.$Properties): drover.v1.TrustUpdate;
             * }}
             */
            TrustUpdate.create = function(properties) {
                return new TrustUpdate(properties);
            };

            /**
             * Encodes the specified TrustUpdate message. Does not implicitly {@link drover.v1.TrustUpdate.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.TrustUpdate
             * @static
             * @param {drover.v1.TrustUpdate.$Properties} message TrustUpdate message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            TrustUpdate.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.document != null && $Object.hasOwnProperty.call(message, "document"))
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.document);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a TrustUpdate message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.TrustUpdate
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.TrustUpdate & drover.v1.TrustUpdate.$Shape} TrustUpdate
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            TrustUpdate.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.TrustUpdate();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.document = reader.bytes();
                            message._document = "document";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for TrustUpdate
             * @function getTypeUrl
             * @memberof drover.v1.TrustUpdate
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            TrustUpdate.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.TrustUpdate";
            };

            return TrustUpdate;
        })();

        v1.CertificateAnswer = (function() {

            /**
             * Properties of a CertificateAnswer.
             * @typedef {Object} drover.v1.CertificateAnswer.$Properties
             * @property {Uint8Array|null} [certificate] CertificateAnswer certificate
             * @property {string|null} [refusal] CertificateAnswer refusal
             * @property {number|null} [retryAfterSeconds] CertificateAnswer retryAfterSeconds
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a CertificateAnswer.
             * @memberof drover.v1
             * @interface ICertificateAnswer
             * @augments drover.v1.CertificateAnswer.$Properties
             * @deprecated Use drover.v1.CertificateAnswer.$Properties instead.
             */

            /**
             * Shape of a CertificateAnswer.
             * @typedef {drover.v1.CertificateAnswer.$Properties} drover.v1.CertificateAnswer.$Shape
             */

            /**
             * Constructs a new CertificateAnswer.
             * @memberof drover.v1
             * @classdesc Represents a CertificateAnswer.
             * @constructor
             * @param {drover.v1.CertificateAnswer.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const CertificateAnswer = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * CertificateAnswer certificate.
             * @member {Uint8Array|null} certificate
             * @memberof drover.v1.CertificateAnswer
             * @instance
             */
            CertificateAnswer.prototype.certificate = null;

            /**
             * CertificateAnswer refusal.
             * @member {string|null} refusal
             * @memberof drover.v1.CertificateAnswer
             * @instance
             */
            CertificateAnswer.prototype.refusal = null;

            /**
             * CertificateAnswer retryAfterSeconds.
             * @member {number|null} retryAfterSeconds
             * @memberof drover.v1.CertificateAnswer
             * @instance
             */
            CertificateAnswer.prototype.retryAfterSeconds = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(CertificateAnswer.prototype, "_certificate", {
                get: $util.oneOfGetter($oneOfFields = ["certificate"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(CertificateAnswer.prototype, "_refusal", {
                get: $util.oneOfGetter($oneOfFields = ["refusal"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(CertificateAnswer.prototype, "_retryAfterSeconds", {
                get: $util.oneOfGetter($oneOfFields = ["retryAfterSeconds"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new CertificateAnswer instance using the specified properties.
             * @function create
             * @memberof drover.v1.CertificateAnswer
             * @static
             * @param {drover.v1.CertificateAnswer.$Properties=} [properties] Properties to set
             * @returns {drover.v1.CertificateAnswer} CertificateAnswer instance
             * @type {{
             *   (properties: drover.v1.CertificateAnswer.$Shape): drover.v1.CertificateAnswer & drover.v1.CertificateAnswer.$Shape;
             *   (properties?: drover.v1.CertificateAnswer.$Properties): drover.v1.CertificateAnswer;
             * }}
             */
            CertificateAnswer.create = function(properties) {
                return new CertificateAnswer(properties);
            };

            /**
             * Encodes the specified CertificateAnswer message. Does not implicitly {@link drover.v1.CertificateAnswer.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.CertificateAnswer
             * @static
             * @param {drover.v1.CertificateAnswer.$Properties} message CertificateAnswer message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            CertificateAnswer.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.certificate != null && $Object.hasOwnProperty.call(message, "certificate"))
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.certificate);
                if (message.refusal != null && $Object.hasOwnProperty.call(message, "refusal"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.refusal);
                if (message.retryAfterSeconds != null && $Object.hasOwnProperty.call(message, "retryAfterSeconds"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.retryAfterSeconds);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a CertificateAnswer message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.CertificateAnswer
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.CertificateAnswer & drover.v1.CertificateAnswer.$Shape} CertificateAnswer
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            CertificateAnswer.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.CertificateAnswer();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.certificate = reader.bytes();
                            message._certificate = "certificate";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.refusal = reader.stringVerify();
                            message._refusal = "refusal";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.retryAfterSeconds = reader.uint32();
                            message._retryAfterSeconds = "retryAfterSeconds";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for CertificateAnswer
             * @function getTypeUrl
             * @memberof drover.v1.CertificateAnswer
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            CertificateAnswer.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.CertificateAnswer";
            };

            return CertificateAnswer;
        })();

        v1.Offer = (function() {

            /**
             * Properties of an Offer.
             * @typedef {Object} drover.v1.Offer.$Properties
             * @property {string|null} [operationId] Offer operationId
             * @property {number|Long|null} [lease] Offer lease
             * @property {number|null} [attempt] Offer attempt
             * @property {Uint8Array|null} [envelope] Offer envelope
             * @property {string|null} [operationType] Offer operationType
             * @property {boolean|null} [installHold] Offer installHold
             * @property {boolean|null} [logWanted] Offer logWanted
             * @property {drover.v1.PatchTransport.$Properties|null} [patch] Offer patch
             * @property {Uint8Array|null} [time] Offer time
             * @property {Uint8Array|null} [reportNonce] Offer reportNonce
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an Offer.
             * @memberof drover.v1
             * @interface IOffer
             * @augments drover.v1.Offer.$Properties
             * @deprecated Use drover.v1.Offer.$Properties instead.
             */

            /**
             * Shape of an Offer.
             * @typedef {drover.v1.Offer.$Properties} drover.v1.Offer.$Shape
             */

            /**
             * Constructs a new Offer.
             * @memberof drover.v1
             * @classdesc Represents an Offer.
             * @constructor
             * @param {drover.v1.Offer.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Offer = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Offer operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.operationId = null;

            /**
             * Offer lease.
             * @member {number|Long|null} lease
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.lease = null;

            /**
             * Offer attempt.
             * @member {number|null} attempt
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.attempt = null;

            /**
             * Offer envelope.
             * @member {Uint8Array|null} envelope
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.envelope = null;

            /**
             * Offer operationType.
             * @member {string|null} operationType
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.operationType = null;

            /**
             * Offer installHold.
             * @member {boolean|null} installHold
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.installHold = null;

            /**
             * Offer logWanted.
             * @member {boolean|null} logWanted
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.logWanted = null;

            /**
             * Offer patch.
             * @member {drover.v1.PatchTransport|null} patch
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.patch = null;

            /**
             * Offer time.
             * @member {Uint8Array|null} time
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.time = null;

            /**
             * Offer reportNonce.
             * @member {Uint8Array|null} reportNonce
             * @memberof drover.v1.Offer
             * @instance
             */
            Offer.prototype.reportNonce = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_lease", {
                get: $util.oneOfGetter($oneOfFields = ["lease"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_attempt", {
                get: $util.oneOfGetter($oneOfFields = ["attempt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_envelope", {
                get: $util.oneOfGetter($oneOfFields = ["envelope"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_operationType", {
                get: $util.oneOfGetter($oneOfFields = ["operationType"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_installHold", {
                get: $util.oneOfGetter($oneOfFields = ["installHold"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_logWanted", {
                get: $util.oneOfGetter($oneOfFields = ["logWanted"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_patch", {
                get: $util.oneOfGetter($oneOfFields = ["patch"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_time", {
                get: $util.oneOfGetter($oneOfFields = ["time"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Offer.prototype, "_reportNonce", {
                get: $util.oneOfGetter($oneOfFields = ["reportNonce"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Offer instance using the specified properties.
             * @function create
             * @memberof drover.v1.Offer
             * @static
             * @param {drover.v1.Offer.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Offer} Offer instance
             * @type {{
             *   (properties: drover.v1.Offer.$Shape): drover.v1.Offer & drover.v1.Offer.$Shape;
             *   (properties?: drover.v1.Offer.$Properties): drover.v1.Offer;
             * }}
             */
            Offer.create = function(properties) {
                return new Offer(properties);
            };

            /**
             * Encodes the specified Offer message. Does not implicitly {@link drover.v1.Offer.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Offer
             * @static
             * @param {drover.v1.Offer.$Properties} message Offer message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Offer.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.operationId);
                if (message.lease != null && $Object.hasOwnProperty.call(message, "lease"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.lease);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.attempt);
                if (message.envelope != null && $Object.hasOwnProperty.call(message, "envelope"))
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.envelope);
                if (message.operationType != null && $Object.hasOwnProperty.call(message, "operationType"))
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.operationType);
                if (message.installHold != null && $Object.hasOwnProperty.call(message, "installHold"))
                    writer.uint32(/* id 6, wireType 0 =*/48).bool(message.installHold);
                if (message.logWanted != null && $Object.hasOwnProperty.call(message, "logWanted"))
                    writer.uint32(/* id 7, wireType 0 =*/56).bool(message.logWanted);
                if (message.patch != null && $Object.hasOwnProperty.call(message, "patch"))
                    $root.drover.v1.PatchTransport.encode(message.patch, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
                if (message.time != null && $Object.hasOwnProperty.call(message, "time"))
                    writer.uint32(/* id 9, wireType 2 =*/74).bytes(message.time);
                if (message.reportNonce != null && $Object.hasOwnProperty.call(message, "reportNonce"))
                    writer.uint32(/* id 10, wireType 2 =*/82).bytes(message.reportNonce);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an Offer message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Offer
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Offer & drover.v1.Offer.$Shape} Offer
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Offer.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Offer();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.lease = reader.uint64();
                            message._lease = "lease";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.attempt = reader.uint32();
                            message._attempt = "attempt";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.envelope = reader.bytes();
                            message._envelope = "envelope";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.operationType = reader.stringVerify();
                            message._operationType = "operationType";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            message.installHold = reader.bool();
                            message._installHold = "installHold";
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            message.logWanted = reader.bool();
                            message._logWanted = "logWanted";
                            continue;
                        }
                    case 8: {
                            if (wireType !== 2)
                                break;
                            message.patch = $root.drover.v1.PatchTransport.decode(reader, reader.size(), $undefined, _depth + 1, message.patch);
                            message._patch = "patch";
                            continue;
                        }
                    case 9: {
                            if (wireType !== 2)
                                break;
                            message.time = reader.bytes();
                            message._time = "time";
                            continue;
                        }
                    case 10: {
                            if (wireType !== 2)
                                break;
                            message.reportNonce = reader.bytes();
                            message._reportNonce = "reportNonce";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Offer
             * @function getTypeUrl
             * @memberof drover.v1.Offer
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Offer.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Offer";
            };

            return Offer;
        })();

        v1.PatchTransport = (function() {

            /**
             * Properties of a PatchTransport.
             * @typedef {Object} drover.v1.PatchTransport.$Properties
             * @property {Uint8Array|null} [baseSha256] PatchTransport baseSha256
             * @property {number|null} [patchSize] PatchTransport patchSize
             * @property {drover.v1.DeltaMetadata.$Properties|null} [metadata] PatchTransport metadata
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a PatchTransport.
             * @memberof drover.v1
             * @interface IPatchTransport
             * @augments drover.v1.PatchTransport.$Properties
             * @deprecated Use drover.v1.PatchTransport.$Properties instead.
             */

            /**
             * Shape of a PatchTransport.
             * @typedef {drover.v1.PatchTransport.$Properties} drover.v1.PatchTransport.$Shape
             */

            /**
             * Constructs a new PatchTransport.
             * @memberof drover.v1
             * @classdesc Represents a PatchTransport.
             * @constructor
             * @param {drover.v1.PatchTransport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const PatchTransport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * PatchTransport baseSha256.
             * @member {Uint8Array|null} baseSha256
             * @memberof drover.v1.PatchTransport
             * @instance
             */
            PatchTransport.prototype.baseSha256 = null;

            /**
             * PatchTransport patchSize.
             * @member {number|null} patchSize
             * @memberof drover.v1.PatchTransport
             * @instance
             */
            PatchTransport.prototype.patchSize = null;

            /**
             * PatchTransport metadata.
             * @member {drover.v1.DeltaMetadata|null} metadata
             * @memberof drover.v1.PatchTransport
             * @instance
             */
            PatchTransport.prototype.metadata = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PatchTransport.prototype, "_baseSha256", {
                get: $util.oneOfGetter($oneOfFields = ["baseSha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PatchTransport.prototype, "_patchSize", {
                get: $util.oneOfGetter($oneOfFields = ["patchSize"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(PatchTransport.prototype, "_metadata", {
                get: $util.oneOfGetter($oneOfFields = ["metadata"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new PatchTransport instance using the specified properties.
             * @function create
             * @memberof drover.v1.PatchTransport
             * @static
             * @param {drover.v1.PatchTransport.$Properties=} [properties] Properties to set
             * @returns {drover.v1.PatchTransport} PatchTransport instance
             * @type {{
             *   (properties: drover.v1.PatchTransport.$Shape): drover.v1.PatchTransport & drover.v1.PatchTransport.$Shape;
             *   (properties?: drover.v1.PatchTransport.$Properties): drover.v1.PatchTransport;
             * }}
             */
            PatchTransport.create = function(properties) {
                return new PatchTransport(properties);
            };

            /**
             * Encodes the specified PatchTransport message. Does not implicitly {@link drover.v1.PatchTransport.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.PatchTransport
             * @static
             * @param {drover.v1.PatchTransport.$Properties} message PatchTransport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            PatchTransport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.baseSha256 != null && $Object.hasOwnProperty.call(message, "baseSha256"))
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.baseSha256);
                if (message.patchSize != null && $Object.hasOwnProperty.call(message, "patchSize"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.patchSize);
                if (message.metadata != null && $Object.hasOwnProperty.call(message, "metadata"))
                    $root.drover.v1.DeltaMetadata.encode(message.metadata, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a PatchTransport message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.PatchTransport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.PatchTransport & drover.v1.PatchTransport.$Shape} PatchTransport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            PatchTransport.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.PatchTransport();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.baseSha256 = reader.bytes();
                            message._baseSha256 = "baseSha256";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.patchSize = reader.uint32();
                            message._patchSize = "patchSize";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.metadata = $root.drover.v1.DeltaMetadata.decode(reader, reader.size(), $undefined, _depth + 1, message.metadata);
                            message._metadata = "metadata";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for PatchTransport
             * @function getTypeUrl
             * @memberof drover.v1.PatchTransport
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            PatchTransport.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.PatchTransport";
            };

            return PatchTransport;
        })();

        v1.Withdraw = (function() {

            /**
             * Properties of a Withdraw.
             * @typedef {Object} drover.v1.Withdraw.$Properties
             * @property {string|null} [operationId] Withdraw operationId
             * @property {number|Long|null} [lease] Withdraw lease
             * @property {string|null} [reason] Withdraw reason
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Withdraw.
             * @memberof drover.v1
             * @interface IWithdraw
             * @augments drover.v1.Withdraw.$Properties
             * @deprecated Use drover.v1.Withdraw.$Properties instead.
             */

            /**
             * Shape of a Withdraw.
             * @typedef {drover.v1.Withdraw.$Properties} drover.v1.Withdraw.$Shape
             */

            /**
             * Constructs a new Withdraw.
             * @memberof drover.v1
             * @classdesc Represents a Withdraw.
             * @constructor
             * @param {drover.v1.Withdraw.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Withdraw = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Withdraw operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.Withdraw
             * @instance
             */
            Withdraw.prototype.operationId = null;

            /**
             * Withdraw lease.
             * @member {number|Long|null} lease
             * @memberof drover.v1.Withdraw
             * @instance
             */
            Withdraw.prototype.lease = null;

            /**
             * Withdraw reason.
             * @member {string|null} reason
             * @memberof drover.v1.Withdraw
             * @instance
             */
            Withdraw.prototype.reason = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Withdraw.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Withdraw.prototype, "_lease", {
                get: $util.oneOfGetter($oneOfFields = ["lease"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Withdraw.prototype, "_reason", {
                get: $util.oneOfGetter($oneOfFields = ["reason"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Withdraw instance using the specified properties.
             * @function create
             * @memberof drover.v1.Withdraw
             * @static
             * @param {drover.v1.Withdraw.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Withdraw} Withdraw instance
             * @type {{
             *   (properties: drover.v1.Withdraw.$Shape): drover.v1.Withdraw & drover.v1.Withdraw.$Shape;
             *   (properties?: drover.v1.Withdraw.$Properties): drover.v1.Withdraw;
             * }}
             */
            Withdraw.create = function(properties) {
                return new Withdraw(properties);
            };

            /**
             * Encodes the specified Withdraw message. Does not implicitly {@link drover.v1.Withdraw.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Withdraw
             * @static
             * @param {drover.v1.Withdraw.$Properties} message Withdraw message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Withdraw.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.operationId);
                if (message.lease != null && $Object.hasOwnProperty.call(message, "lease"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.lease);
                if (message.reason != null && $Object.hasOwnProperty.call(message, "reason"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.reason);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Withdraw message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Withdraw
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Withdraw & drover.v1.Withdraw.$Shape} Withdraw
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Withdraw.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Withdraw();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.lease = reader.uint64();
                            message._lease = "lease";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.reason = reader.stringVerify();
                            message._reason = "reason";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Withdraw
             * @function getTypeUrl
             * @memberof drover.v1.Withdraw
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Withdraw.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Withdraw";
            };

            return Withdraw;
        })();

        v1.Proceed = (function() {

            /**
             * Properties of a Proceed.
             * @typedef {Object} drover.v1.Proceed.$Properties
             * @property {string|null} [operationId] Proceed operationId
             * @property {number|Long|null} [lease] Proceed lease
             * @property {number|null} [attempt] Proceed attempt
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Proceed.
             * @memberof drover.v1
             * @interface IProceed
             * @augments drover.v1.Proceed.$Properties
             * @deprecated Use drover.v1.Proceed.$Properties instead.
             */

            /**
             * Shape of a Proceed.
             * @typedef {drover.v1.Proceed.$Properties} drover.v1.Proceed.$Shape
             */

            /**
             * Constructs a new Proceed.
             * @memberof drover.v1
             * @classdesc Represents a Proceed.
             * @constructor
             * @param {drover.v1.Proceed.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Proceed = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Proceed operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.Proceed
             * @instance
             */
            Proceed.prototype.operationId = null;

            /**
             * Proceed lease.
             * @member {number|Long|null} lease
             * @memberof drover.v1.Proceed
             * @instance
             */
            Proceed.prototype.lease = null;

            /**
             * Proceed attempt.
             * @member {number|null} attempt
             * @memberof drover.v1.Proceed
             * @instance
             */
            Proceed.prototype.attempt = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Proceed.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Proceed.prototype, "_lease", {
                get: $util.oneOfGetter($oneOfFields = ["lease"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Proceed.prototype, "_attempt", {
                get: $util.oneOfGetter($oneOfFields = ["attempt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Proceed instance using the specified properties.
             * @function create
             * @memberof drover.v1.Proceed
             * @static
             * @param {drover.v1.Proceed.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Proceed} Proceed instance
             * @type {{
             *   (properties: drover.v1.Proceed.$Shape): drover.v1.Proceed & drover.v1.Proceed.$Shape;
             *   (properties?: drover.v1.Proceed.$Properties): drover.v1.Proceed;
             * }}
             */
            Proceed.create = function(properties) {
                return new Proceed(properties);
            };

            /**
             * Encodes the specified Proceed message. Does not implicitly {@link drover.v1.Proceed.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Proceed
             * @static
             * @param {drover.v1.Proceed.$Properties} message Proceed message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Proceed.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.operationId);
                if (message.lease != null && $Object.hasOwnProperty.call(message, "lease"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.lease);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.attempt);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Proceed message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Proceed
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Proceed & drover.v1.Proceed.$Shape} Proceed
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Proceed.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Proceed();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.lease = reader.uint64();
                            message._lease = "lease";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.attempt = reader.uint32();
                            message._attempt = "attempt";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Proceed
             * @function getTypeUrl
             * @memberof drover.v1.Proceed
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Proceed.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Proceed";
            };

            return Proceed;
        })();

        v1.JoinSession = (function() {

            /**
             * Properties of a JoinSession.
             * @typedef {Object} drover.v1.JoinSession.$Properties
             * @property {string|null} [operationId] JoinSession operationId
             * @property {number|Long|null} [lease] JoinSession lease
             * @property {number|null} [attempt] JoinSession attempt
             * @property {string|null} [session] JoinSession session
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a JoinSession.
             * @memberof drover.v1
             * @interface IJoinSession
             * @augments drover.v1.JoinSession.$Properties
             * @deprecated Use drover.v1.JoinSession.$Properties instead.
             */

            /**
             * Shape of a JoinSession.
             * @typedef {drover.v1.JoinSession.$Properties} drover.v1.JoinSession.$Shape
             */

            /**
             * Constructs a new JoinSession.
             * @memberof drover.v1
             * @classdesc Represents a JoinSession.
             * @constructor
             * @param {drover.v1.JoinSession.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const JoinSession = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * JoinSession operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.JoinSession
             * @instance
             */
            JoinSession.prototype.operationId = null;

            /**
             * JoinSession lease.
             * @member {number|Long|null} lease
             * @memberof drover.v1.JoinSession
             * @instance
             */
            JoinSession.prototype.lease = null;

            /**
             * JoinSession attempt.
             * @member {number|null} attempt
             * @memberof drover.v1.JoinSession
             * @instance
             */
            JoinSession.prototype.attempt = null;

            /**
             * JoinSession session.
             * @member {string|null} session
             * @memberof drover.v1.JoinSession
             * @instance
             */
            JoinSession.prototype.session = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(JoinSession.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(JoinSession.prototype, "_lease", {
                get: $util.oneOfGetter($oneOfFields = ["lease"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(JoinSession.prototype, "_attempt", {
                get: $util.oneOfGetter($oneOfFields = ["attempt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(JoinSession.prototype, "_session", {
                get: $util.oneOfGetter($oneOfFields = ["session"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new JoinSession instance using the specified properties.
             * @function create
             * @memberof drover.v1.JoinSession
             * @static
             * @param {drover.v1.JoinSession.$Properties=} [properties] Properties to set
             * @returns {drover.v1.JoinSession} JoinSession instance
             * @type {{
             *   (properties: drover.v1.JoinSession.$Shape): drover.v1.JoinSession & drover.v1.JoinSession.$Shape;
             *   (properties?: drover.v1.JoinSession.$Properties): drover.v1.JoinSession;
             * }}
             */
            JoinSession.create = function(properties) {
                return new JoinSession(properties);
            };

            /**
             * Encodes the specified JoinSession message. Does not implicitly {@link drover.v1.JoinSession.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.JoinSession
             * @static
             * @param {drover.v1.JoinSession.$Properties} message JoinSession message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            JoinSession.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.operationId);
                if (message.lease != null && $Object.hasOwnProperty.call(message, "lease"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.lease);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.attempt);
                if (message.session != null && $Object.hasOwnProperty.call(message, "session"))
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.session);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a JoinSession message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.JoinSession
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.JoinSession & drover.v1.JoinSession.$Shape} JoinSession
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            JoinSession.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.JoinSession();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.lease = reader.uint64();
                            message._lease = "lease";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.attempt = reader.uint32();
                            message._attempt = "attempt";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.session = reader.stringVerify();
                            message._session = "session";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for JoinSession
             * @function getTypeUrl
             * @memberof drover.v1.JoinSession
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            JoinSession.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.JoinSession";
            };

            return JoinSession;
        })();

        /**
         * SessionAction enum.
         * @name drover.v1.SessionAction
         * @enum {number}
         * @property {number} SESSION_ACTION_UNSPECIFIED=0 SESSION_ACTION_UNSPECIFIED value
         * @property {number} SESSION_ACTION_START=1 SESSION_ACTION_START value
         * @property {number} SESSION_ACTION_END=2 SESSION_ACTION_END value
         * @property {number} SESSION_ACTION_ACTIVATE=3 SESSION_ACTION_ACTIVATE value
         * @property {number} SESSION_ACTION_ABORT=4 SESSION_ACTION_ABORT value
         */
        v1.SessionAction = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "SESSION_ACTION_UNSPECIFIED"] = 0;
            values[valuesById[1] = "SESSION_ACTION_START"] = 1;
            values[valuesById[2] = "SESSION_ACTION_END"] = 2;
            values[valuesById[3] = "SESSION_ACTION_ACTIVATE"] = 3;
            values[valuesById[4] = "SESSION_ACTION_ABORT"] = 4;
            return values;
        })();

        v1.SessionControl = (function() {

            /**
             * Properties of a SessionControl.
             * @typedef {Object} drover.v1.SessionControl.$Properties
             * @property {Uint8Array|null} [artifactSha256] SessionControl artifactSha256
             * @property {drover.v1.SessionAction|null} [action] SessionControl action
             * @property {string|null} [reason] SessionControl reason
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a SessionControl.
             * @memberof drover.v1
             * @interface ISessionControl
             * @augments drover.v1.SessionControl.$Properties
             * @deprecated Use drover.v1.SessionControl.$Properties instead.
             */

            /**
             * Shape of a SessionControl.
             * @typedef {drover.v1.SessionControl.$Properties} drover.v1.SessionControl.$Shape
             */

            /**
             * Constructs a new SessionControl.
             * @memberof drover.v1
             * @classdesc Represents a SessionControl.
             * @constructor
             * @param {drover.v1.SessionControl.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const SessionControl = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * SessionControl artifactSha256.
             * @member {Uint8Array|null} artifactSha256
             * @memberof drover.v1.SessionControl
             * @instance
             */
            SessionControl.prototype.artifactSha256 = null;

            /**
             * SessionControl action.
             * @member {drover.v1.SessionAction|null} action
             * @memberof drover.v1.SessionControl
             * @instance
             */
            SessionControl.prototype.action = null;

            /**
             * SessionControl reason.
             * @member {string|null} reason
             * @memberof drover.v1.SessionControl
             * @instance
             */
            SessionControl.prototype.reason = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(SessionControl.prototype, "_artifactSha256", {
                get: $util.oneOfGetter($oneOfFields = ["artifactSha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(SessionControl.prototype, "_action", {
                get: $util.oneOfGetter($oneOfFields = ["action"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(SessionControl.prototype, "_reason", {
                get: $util.oneOfGetter($oneOfFields = ["reason"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new SessionControl instance using the specified properties.
             * @function create
             * @memberof drover.v1.SessionControl
             * @static
             * @param {drover.v1.SessionControl.$Properties=} [properties] Properties to set
             * @returns {drover.v1.SessionControl} SessionControl instance
             * @type {{
             *   (properties: drover.v1.SessionControl.$Shape): drover.v1.SessionControl & drover.v1.SessionControl.$Shape;
             *   (properties?: drover.v1.SessionControl.$Properties): drover.v1.SessionControl;
             * }}
             */
            SessionControl.create = function(properties) {
                return new SessionControl(properties);
            };

            /**
             * Encodes the specified SessionControl message. Does not implicitly {@link drover.v1.SessionControl.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.SessionControl
             * @static
             * @param {drover.v1.SessionControl.$Properties} message SessionControl message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SessionControl.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.artifactSha256 != null && $Object.hasOwnProperty.call(message, "artifactSha256"))
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.artifactSha256);
                if (message.action != null && $Object.hasOwnProperty.call(message, "action"))
                    writer.uint32(/* id 2, wireType 0 =*/16).int32(message.action);
                if (message.reason != null && $Object.hasOwnProperty.call(message, "reason"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.reason);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a SessionControl message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.SessionControl
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.SessionControl & drover.v1.SessionControl.$Shape} SessionControl
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SessionControl.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.SessionControl();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.artifactSha256 = reader.bytes();
                            message._artifactSha256 = "artifactSha256";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.action = reader.int32();
                            message._action = "action";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.reason = reader.stringVerify();
                            message._reason = "reason";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for SessionControl
             * @function getTypeUrl
             * @memberof drover.v1.SessionControl
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            SessionControl.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.SessionControl";
            };

            return SessionControl;
        })();

        v1.SessionData = (function() {

            /**
             * Properties of a SessionData.
             * @typedef {Object} drover.v1.SessionData.$Properties
             * @property {drover.v1.ChunkPiece.$Properties|null} [piece] SessionData piece
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a SessionData.
             * @memberof drover.v1
             * @interface ISessionData
             * @augments drover.v1.SessionData.$Properties
             * @deprecated Use drover.v1.SessionData.$Properties instead.
             */

            /**
             * Shape of a SessionData.
             * @typedef {drover.v1.SessionData.$Properties} drover.v1.SessionData.$Shape
             */

            /**
             * Constructs a new SessionData.
             * @memberof drover.v1
             * @classdesc Represents a SessionData.
             * @constructor
             * @param {drover.v1.SessionData.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const SessionData = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * SessionData piece.
             * @member {drover.v1.ChunkPiece|null} piece
             * @memberof drover.v1.SessionData
             * @instance
             */
            SessionData.prototype.piece = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(SessionData.prototype, "_piece", {
                get: $util.oneOfGetter($oneOfFields = ["piece"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new SessionData instance using the specified properties.
             * @function create
             * @memberof drover.v1.SessionData
             * @static
             * @param {drover.v1.SessionData.$Properties=} [properties] Properties to set
             * @returns {drover.v1.SessionData} SessionData instance
             * @type {{
             *   (properties: drover.v1.SessionData.$Shape): drover.v1.SessionData & drover.v1.SessionData.$Shape;
             *   (properties?: drover.v1.SessionData.$Properties): drover.v1.SessionData;
             * }}
             */
            SessionData.create = function(properties) {
                return new SessionData(properties);
            };

            /**
             * Encodes the specified SessionData message. Does not implicitly {@link drover.v1.SessionData.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.SessionData
             * @static
             * @param {drover.v1.SessionData.$Properties} message SessionData message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SessionData.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.piece != null && $Object.hasOwnProperty.call(message, "piece"))
                    $root.drover.v1.ChunkPiece.encode(message.piece, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a SessionData message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.SessionData
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.SessionData & drover.v1.SessionData.$Shape} SessionData
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SessionData.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.SessionData();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.piece = $root.drover.v1.ChunkPiece.decode(reader, reader.size(), $undefined, _depth + 1, message.piece);
                            message._piece = "piece";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for SessionData
             * @function getTypeUrl
             * @memberof drover.v1.SessionData
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            SessionData.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.SessionData";
            };

            return SessionData;
        })();

        /**
         * ChunkEncoding enum.
         * @name drover.v1.ChunkEncoding
         * @enum {number}
         * @property {number} CHUNK_ENCODING_UNSPECIFIED=0 CHUNK_ENCODING_UNSPECIFIED value
         * @property {number} CHUNK_ENCODING_PLAIN=1 CHUNK_ENCODING_PLAIN value
         * @property {number} CHUNK_ENCODING_DEFLATE=2 CHUNK_ENCODING_DEFLATE value
         */
        v1.ChunkEncoding = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "CHUNK_ENCODING_UNSPECIFIED"] = 0;
            values[valuesById[1] = "CHUNK_ENCODING_PLAIN"] = 1;
            values[valuesById[2] = "CHUNK_ENCODING_DEFLATE"] = 2;
            return values;
        })();

        v1.ChunkData = (function() {

            /**
             * Properties of a ChunkData.
             * @typedef {Object} drover.v1.ChunkData.$Properties
             * @property {number|null} [requestNumber] ChunkData requestNumber
             * @property {drover.v1.ChunkPiece.$Properties|null} [piece] ChunkData piece
             * @property {drover.v1.ChunkRefusal.$Properties|null} [refusal] ChunkData refusal
             * @property {"piece"|"refusal"} [content] ChunkData content
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ChunkData.
             * @memberof drover.v1
             * @interface IChunkData
             * @augments drover.v1.ChunkData.$Properties
             * @deprecated Use drover.v1.ChunkData.$Properties instead.
             */

            /**
             * Narrowed shape of a ChunkData.
             * @typedef {{
             *   requestNumber?: number|null;
             *   piece?: drover.v1.ChunkPiece.$Shape|null;
             *   refusal?: drover.v1.ChunkRefusal.$Shape|null;
             *   $unknowns?: Array.<Uint8Array>;
             * } & (
             *   ({ content?: undefined; piece?: null; refusal?: null }|{ content?: "piece"; piece: drover.v1.ChunkPiece.$Shape; refusal?: null }|{ content?: "refusal"; piece?: null; refusal: drover.v1.ChunkRefusal.$Shape })
             * )} drover.v1.ChunkData.$Shape
             */

            /**
             * Constructs a new ChunkData.
             * @memberof drover.v1
             * @classdesc Represents a ChunkData.
             * @constructor
             * @param {drover.v1.ChunkData.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ChunkData = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ChunkData requestNumber.
             * @member {number|null} requestNumber
             * @memberof drover.v1.ChunkData
             * @instance
             */
            ChunkData.prototype.requestNumber = null;

            /**
             * ChunkData piece.
             * @member {drover.v1.ChunkPiece|null} piece
             * @memberof drover.v1.ChunkData
             * @instance
             */
            ChunkData.prototype.piece = null;

            /**
             * ChunkData refusal.
             * @member {drover.v1.ChunkRefusal|null} refusal
             * @memberof drover.v1.ChunkData
             * @instance
             */
            ChunkData.prototype.refusal = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkData.prototype, "_requestNumber", {
                get: $util.oneOfGetter($oneOfFields = ["requestNumber"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * ChunkData content.
             * @member {"piece"|"refusal"|undefined} content
             * @memberof drover.v1.ChunkData
             * @instance
             */
            $Object.defineProperty(ChunkData.prototype, "content", {
                get: $util.oneOfGetter($oneOfFields = ["piece", "refusal"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new ChunkData instance using the specified properties.
             * @function create
             * @memberof drover.v1.ChunkData
             * @static
             * @param {drover.v1.ChunkData.$Properties=} [properties] Properties to set
             * @returns {drover.v1.ChunkData} ChunkData instance
             * @type {{
             *   (properties: drover.v1.ChunkData.$Shape): drover.v1.ChunkData & drover.v1.ChunkData.$Shape;
             *   (properties?: drover.v1.ChunkData.$Properties): drover.v1.ChunkData;
             * }}
             */
            ChunkData.create = function(properties) {
                return new ChunkData(properties);
            };

            /**
             * Encodes the specified ChunkData message. Does not implicitly {@link drover.v1.ChunkData.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.ChunkData
             * @static
             * @param {drover.v1.ChunkData.$Properties} message ChunkData message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ChunkData.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.requestNumber != null && $Object.hasOwnProperty.call(message, "requestNumber"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.requestNumber);
                if (message.piece != null && $Object.hasOwnProperty.call(message, "piece"))
                    $root.drover.v1.ChunkPiece.encode(message.piece, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.refusal != null && $Object.hasOwnProperty.call(message, "refusal"))
                    $root.drover.v1.ChunkRefusal.encode(message.refusal, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ChunkData message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.ChunkData
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.ChunkData & drover.v1.ChunkData.$Shape} ChunkData
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ChunkData.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.ChunkData();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.requestNumber = reader.uint32();
                            message._requestNumber = "requestNumber";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.piece = $root.drover.v1.ChunkPiece.decode(reader, reader.size(), $undefined, _depth + 1, message.piece);
                            message.content = "piece";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.refusal = $root.drover.v1.ChunkRefusal.decode(reader, reader.size(), $undefined, _depth + 1, message.refusal);
                            message.content = "refusal";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for ChunkData
             * @function getTypeUrl
             * @memberof drover.v1.ChunkData
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            ChunkData.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.ChunkData";
            };

            return ChunkData;
        })();

        v1.ChunkPiece = (function() {

            /**
             * Properties of a ChunkPiece.
             * @typedef {Object} drover.v1.ChunkPiece.$Properties
             * @property {number|null} [chunk] ChunkPiece chunk
             * @property {drover.v1.ChunkEncoding|null} [encoding] ChunkPiece encoding
             * @property {number|null} [encodedSize] ChunkPiece encodedSize
             * @property {number|null} [offset] ChunkPiece offset
             * @property {Uint8Array|null} [data] ChunkPiece data
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ChunkPiece.
             * @memberof drover.v1
             * @interface IChunkPiece
             * @augments drover.v1.ChunkPiece.$Properties
             * @deprecated Use drover.v1.ChunkPiece.$Properties instead.
             */

            /**
             * Shape of a ChunkPiece.
             * @typedef {drover.v1.ChunkPiece.$Properties} drover.v1.ChunkPiece.$Shape
             */

            /**
             * Constructs a new ChunkPiece.
             * @memberof drover.v1
             * @classdesc Represents a ChunkPiece.
             * @constructor
             * @param {drover.v1.ChunkPiece.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ChunkPiece = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ChunkPiece chunk.
             * @member {number|null} chunk
             * @memberof drover.v1.ChunkPiece
             * @instance
             */
            ChunkPiece.prototype.chunk = null;

            /**
             * ChunkPiece encoding.
             * @member {drover.v1.ChunkEncoding|null} encoding
             * @memberof drover.v1.ChunkPiece
             * @instance
             */
            ChunkPiece.prototype.encoding = null;

            /**
             * ChunkPiece encodedSize.
             * @member {number|null} encodedSize
             * @memberof drover.v1.ChunkPiece
             * @instance
             */
            ChunkPiece.prototype.encodedSize = null;

            /**
             * ChunkPiece offset.
             * @member {number|null} offset
             * @memberof drover.v1.ChunkPiece
             * @instance
             */
            ChunkPiece.prototype.offset = null;

            /**
             * ChunkPiece data.
             * @member {Uint8Array|null} data
             * @memberof drover.v1.ChunkPiece
             * @instance
             */
            ChunkPiece.prototype.data = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkPiece.prototype, "_chunk", {
                get: $util.oneOfGetter($oneOfFields = ["chunk"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkPiece.prototype, "_encoding", {
                get: $util.oneOfGetter($oneOfFields = ["encoding"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkPiece.prototype, "_encodedSize", {
                get: $util.oneOfGetter($oneOfFields = ["encodedSize"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkPiece.prototype, "_offset", {
                get: $util.oneOfGetter($oneOfFields = ["offset"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkPiece.prototype, "_data", {
                get: $util.oneOfGetter($oneOfFields = ["data"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new ChunkPiece instance using the specified properties.
             * @function create
             * @memberof drover.v1.ChunkPiece
             * @static
             * @param {drover.v1.ChunkPiece.$Properties=} [properties] Properties to set
             * @returns {drover.v1.ChunkPiece} ChunkPiece instance
             * @type {{
             *   (properties: drover.v1.ChunkPiece.$Shape): drover.v1.ChunkPiece & drover.v1.ChunkPiece.$Shape;
             *   (properties?: drover.v1.ChunkPiece.$Properties): drover.v1.ChunkPiece;
             * }}
             */
            ChunkPiece.create = function(properties) {
                return new ChunkPiece(properties);
            };

            /**
             * Encodes the specified ChunkPiece message. Does not implicitly {@link drover.v1.ChunkPiece.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.ChunkPiece
             * @static
             * @param {drover.v1.ChunkPiece.$Properties} message ChunkPiece message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ChunkPiece.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.chunk != null && $Object.hasOwnProperty.call(message, "chunk"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.chunk);
                if (message.encoding != null && $Object.hasOwnProperty.call(message, "encoding"))
                    writer.uint32(/* id 2, wireType 0 =*/16).int32(message.encoding);
                if (message.encodedSize != null && $Object.hasOwnProperty.call(message, "encodedSize"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.encodedSize);
                if (message.offset != null && $Object.hasOwnProperty.call(message, "offset"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.offset);
                if (message.data != null && $Object.hasOwnProperty.call(message, "data"))
                    writer.uint32(/* id 5, wireType 2 =*/42).bytes(message.data);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ChunkPiece message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.ChunkPiece
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.ChunkPiece & drover.v1.ChunkPiece.$Shape} ChunkPiece
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ChunkPiece.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.ChunkPiece();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.chunk = reader.uint32();
                            message._chunk = "chunk";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.encoding = reader.int32();
                            message._encoding = "encoding";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.encodedSize = reader.uint32();
                            message._encodedSize = "encodedSize";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            message.offset = reader.uint32();
                            message._offset = "offset";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.data = reader.bytes();
                            message._data = "data";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for ChunkPiece
             * @function getTypeUrl
             * @memberof drover.v1.ChunkPiece
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            ChunkPiece.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.ChunkPiece";
            };

            return ChunkPiece;
        })();

        /**
         * RefusalReason enum.
         * @name drover.v1.RefusalReason
         * @enum {number}
         * @property {number} REFUSAL_REASON_UNSPECIFIED=0 REFUSAL_REASON_UNSPECIFIED value
         * @property {number} REFUSAL_REASON_NO_SUCH_CHUNK=1 REFUSAL_REASON_NO_SUCH_CHUNK value
         * @property {number} REFUSAL_REASON_NO_RIGHT=2 REFUSAL_REASON_NO_RIGHT value
         * @property {number} REFUSAL_REASON_BUSY=3 REFUSAL_REASON_BUSY value
         */
        v1.RefusalReason = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "REFUSAL_REASON_UNSPECIFIED"] = 0;
            values[valuesById[1] = "REFUSAL_REASON_NO_SUCH_CHUNK"] = 1;
            values[valuesById[2] = "REFUSAL_REASON_NO_RIGHT"] = 2;
            values[valuesById[3] = "REFUSAL_REASON_BUSY"] = 3;
            return values;
        })();

        v1.ChunkRefusal = (function() {

            /**
             * Properties of a ChunkRefusal.
             * @typedef {Object} drover.v1.ChunkRefusal.$Properties
             * @property {drover.v1.RefusalReason|null} [reason] ChunkRefusal reason
             * @property {number|null} [chunk] ChunkRefusal chunk
             * @property {number|null} [retryAfterMs] ChunkRefusal retryAfterMs
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ChunkRefusal.
             * @memberof drover.v1
             * @interface IChunkRefusal
             * @augments drover.v1.ChunkRefusal.$Properties
             * @deprecated Use drover.v1.ChunkRefusal.$Properties instead.
             */

            /**
             * Shape of a ChunkRefusal.
             * @typedef {drover.v1.ChunkRefusal.$Properties} drover.v1.ChunkRefusal.$Shape
             */

            /**
             * Constructs a new ChunkRefusal.
             * @memberof drover.v1
             * @classdesc Represents a ChunkRefusal.
             * @constructor
             * @param {drover.v1.ChunkRefusal.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ChunkRefusal = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ChunkRefusal reason.
             * @member {drover.v1.RefusalReason|null} reason
             * @memberof drover.v1.ChunkRefusal
             * @instance
             */
            ChunkRefusal.prototype.reason = null;

            /**
             * ChunkRefusal chunk.
             * @member {number|null} chunk
             * @memberof drover.v1.ChunkRefusal
             * @instance
             */
            ChunkRefusal.prototype.chunk = null;

            /**
             * ChunkRefusal retryAfterMs.
             * @member {number|null} retryAfterMs
             * @memberof drover.v1.ChunkRefusal
             * @instance
             */
            ChunkRefusal.prototype.retryAfterMs = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRefusal.prototype, "_reason", {
                get: $util.oneOfGetter($oneOfFields = ["reason"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRefusal.prototype, "_chunk", {
                get: $util.oneOfGetter($oneOfFields = ["chunk"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRefusal.prototype, "_retryAfterMs", {
                get: $util.oneOfGetter($oneOfFields = ["retryAfterMs"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new ChunkRefusal instance using the specified properties.
             * @function create
             * @memberof drover.v1.ChunkRefusal
             * @static
             * @param {drover.v1.ChunkRefusal.$Properties=} [properties] Properties to set
             * @returns {drover.v1.ChunkRefusal} ChunkRefusal instance
             * @type {{
             *   (properties: drover.v1.ChunkRefusal.$Shape): drover.v1.ChunkRefusal & drover.v1.ChunkRefusal.$Shape;
             *   (properties?: drover.v1.ChunkRefusal.$Properties): drover.v1.ChunkRefusal;
             * }}
             */
            ChunkRefusal.create = function(properties) {
                return new ChunkRefusal(properties);
            };

            /**
             * Encodes the specified ChunkRefusal message. Does not implicitly {@link drover.v1.ChunkRefusal.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.ChunkRefusal
             * @static
             * @param {drover.v1.ChunkRefusal.$Properties} message ChunkRefusal message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ChunkRefusal.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.reason != null && $Object.hasOwnProperty.call(message, "reason"))
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.reason);
                if (message.chunk != null && $Object.hasOwnProperty.call(message, "chunk"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.chunk);
                if (message.retryAfterMs != null && $Object.hasOwnProperty.call(message, "retryAfterMs"))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.retryAfterMs);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ChunkRefusal message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.ChunkRefusal
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.ChunkRefusal & drover.v1.ChunkRefusal.$Shape} ChunkRefusal
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ChunkRefusal.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.ChunkRefusal();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.reason = reader.int32();
                            message._reason = "reason";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.chunk = reader.uint32();
                            message._chunk = "chunk";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.retryAfterMs = reader.uint32();
                            message._retryAfterMs = "retryAfterMs";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for ChunkRefusal
             * @function getTypeUrl
             * @memberof drover.v1.ChunkRefusal
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            ChunkRefusal.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.ChunkRefusal";
            };

            return ChunkRefusal;
        })();

        v1.Hello = (function() {

            /**
             * Properties of a Hello.
             * @typedef {Object} drover.v1.Hello.$Properties
             * @property {number|null} [protocolVersion] Hello protocolVersion
             * @property {Uint8Array|null} [vendorId] Hello vendorId
             * @property {Uint8Array|null} [classId] Hello classId
             * @property {Uint8Array|null} [bootId] Hello bootId
             * @property {Uint8Array|null} [journalId] Hello journalId
             * @property {Array.<drover.v1.ComponentReport.$Properties>} [components] Hello components
             * @property {number|null} [outboxEventCount] Hello outboxEventCount
             * @property {number|Long|null} [outboxLastEventNumber] Hello outboxLastEventNumber
             * @property {number|null} [packetBytesMax] Hello packetBytesMax
             * @property {string|null} [agentVersion] Hello agentVersion
             * @property {string|null} [operationId] Hello operationId
             * @property {number|null} [patchMemoryBytes] Hello patchMemoryBytes
             * @property {number|null} [trustVersion] Hello trustVersion
             * @property {Uint8Array|null} [reportKey] Hello reportKey
             * @property {Uint8Array|null} [report] Hello report
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Hello.
             * @memberof drover.v1
             * @interface IHello
             * @augments drover.v1.Hello.$Properties
             * @deprecated Use drover.v1.Hello.$Properties instead.
             */

            /**
             * Shape of a Hello.
             * @typedef {drover.v1.Hello.$Properties} drover.v1.Hello.$Shape
             */

            /**
             * Constructs a new Hello.
             * @memberof drover.v1
             * @classdesc Represents a Hello.
             * @constructor
             * @param {drover.v1.Hello.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Hello = function (properties) {
                this.components = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Hello protocolVersion.
             * @member {number|null} protocolVersion
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.protocolVersion = null;

            /**
             * Hello vendorId.
             * @member {Uint8Array|null} vendorId
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.vendorId = null;

            /**
             * Hello classId.
             * @member {Uint8Array|null} classId
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.classId = null;

            /**
             * Hello bootId.
             * @member {Uint8Array|null} bootId
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.bootId = null;

            /**
             * Hello journalId.
             * @member {Uint8Array|null} journalId
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.journalId = null;

            /**
             * Hello components.
             * @member {Array.<drover.v1.ComponentReport>} components
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.components = $util.emptyArray;

            /**
             * Hello outboxEventCount.
             * @member {number|null} outboxEventCount
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.outboxEventCount = null;

            /**
             * Hello outboxLastEventNumber.
             * @member {number|Long|null} outboxLastEventNumber
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.outboxLastEventNumber = null;

            /**
             * Hello packetBytesMax.
             * @member {number|null} packetBytesMax
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.packetBytesMax = null;

            /**
             * Hello agentVersion.
             * @member {string|null} agentVersion
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.agentVersion = null;

            /**
             * Hello operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.operationId = null;

            /**
             * Hello patchMemoryBytes.
             * @member {number|null} patchMemoryBytes
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.patchMemoryBytes = null;

            /**
             * Hello trustVersion.
             * @member {number|null} trustVersion
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.trustVersion = null;

            /**
             * Hello reportKey.
             * @member {Uint8Array|null} reportKey
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.reportKey = null;

            /**
             * Hello report.
             * @member {Uint8Array|null} report
             * @memberof drover.v1.Hello
             * @instance
             */
            Hello.prototype.report = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_protocolVersion", {
                get: $util.oneOfGetter($oneOfFields = ["protocolVersion"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_vendorId", {
                get: $util.oneOfGetter($oneOfFields = ["vendorId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_classId", {
                get: $util.oneOfGetter($oneOfFields = ["classId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_bootId", {
                get: $util.oneOfGetter($oneOfFields = ["bootId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_journalId", {
                get: $util.oneOfGetter($oneOfFields = ["journalId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_outboxEventCount", {
                get: $util.oneOfGetter($oneOfFields = ["outboxEventCount"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_outboxLastEventNumber", {
                get: $util.oneOfGetter($oneOfFields = ["outboxLastEventNumber"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_packetBytesMax", {
                get: $util.oneOfGetter($oneOfFields = ["packetBytesMax"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_agentVersion", {
                get: $util.oneOfGetter($oneOfFields = ["agentVersion"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_patchMemoryBytes", {
                get: $util.oneOfGetter($oneOfFields = ["patchMemoryBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_trustVersion", {
                get: $util.oneOfGetter($oneOfFields = ["trustVersion"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_reportKey", {
                get: $util.oneOfGetter($oneOfFields = ["reportKey"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Hello.prototype, "_report", {
                get: $util.oneOfGetter($oneOfFields = ["report"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Hello instance using the specified properties.
             * @function create
             * @memberof drover.v1.Hello
             * @static
             * @param {drover.v1.Hello.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Hello} Hello instance
             * @type {{
             *   (properties: drover.v1.Hello.$Shape): drover.v1.Hello & drover.v1.Hello.$Shape;
             *   (properties?: drover.v1.Hello.$Properties): drover.v1.Hello;
             * }}
             */
            Hello.create = function(properties) {
                return new Hello(properties);
            };

            /**
             * Encodes the specified Hello message. Does not implicitly {@link drover.v1.Hello.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Hello
             * @static
             * @param {drover.v1.Hello.$Properties} message Hello message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Hello.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.protocolVersion != null && $Object.hasOwnProperty.call(message, "protocolVersion"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.protocolVersion);
                if (message.vendorId != null && $Object.hasOwnProperty.call(message, "vendorId"))
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.vendorId);
                if (message.classId != null && $Object.hasOwnProperty.call(message, "classId"))
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.classId);
                if (message.bootId != null && $Object.hasOwnProperty.call(message, "bootId"))
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.bootId);
                if (message.journalId != null && $Object.hasOwnProperty.call(message, "journalId"))
                    writer.uint32(/* id 5, wireType 2 =*/42).bytes(message.journalId);
                if (message.components != null && message.components.length)
                    for (let i = 0; i < message.components.length; ++i)
                        $root.drover.v1.ComponentReport.encode(message.components[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                if (message.outboxEventCount != null && $Object.hasOwnProperty.call(message, "outboxEventCount"))
                    writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.outboxEventCount);
                if (message.outboxLastEventNumber != null && $Object.hasOwnProperty.call(message, "outboxLastEventNumber"))
                    writer.uint32(/* id 8, wireType 0 =*/64).uint64(message.outboxLastEventNumber);
                if (message.packetBytesMax != null && $Object.hasOwnProperty.call(message, "packetBytesMax"))
                    writer.uint32(/* id 9, wireType 0 =*/72).uint32(message.packetBytesMax);
                if (message.agentVersion != null && $Object.hasOwnProperty.call(message, "agentVersion"))
                    writer.uint32(/* id 10, wireType 2 =*/82).string(message.agentVersion);
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 11, wireType 2 =*/90).string(message.operationId);
                if (message.patchMemoryBytes != null && $Object.hasOwnProperty.call(message, "patchMemoryBytes"))
                    writer.uint32(/* id 12, wireType 0 =*/96).uint32(message.patchMemoryBytes);
                if (message.trustVersion != null && $Object.hasOwnProperty.call(message, "trustVersion"))
                    writer.uint32(/* id 13, wireType 0 =*/104).uint32(message.trustVersion);
                if (message.reportKey != null && $Object.hasOwnProperty.call(message, "reportKey"))
                    writer.uint32(/* id 14, wireType 2 =*/114).bytes(message.reportKey);
                if (message.report != null && $Object.hasOwnProperty.call(message, "report"))
                    writer.uint32(/* id 15, wireType 2 =*/122).bytes(message.report);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Hello message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Hello
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Hello & drover.v1.Hello.$Shape} Hello
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Hello.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Hello();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.protocolVersion = reader.uint32();
                            message._protocolVersion = "protocolVersion";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.vendorId = reader.bytes();
                            message._vendorId = "vendorId";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.classId = reader.bytes();
                            message._classId = "classId";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.bootId = reader.bytes();
                            message._bootId = "bootId";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.journalId = reader.bytes();
                            message._journalId = "journalId";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if (!(message.components && message.components.length))
                                message.components = [];
                            message.components.push($root.drover.v1.ComponentReport.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            message.outboxEventCount = reader.uint32();
                            message._outboxEventCount = "outboxEventCount";
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            message.outboxLastEventNumber = reader.uint64();
                            message._outboxLastEventNumber = "outboxLastEventNumber";
                            continue;
                        }
                    case 9: {
                            if (wireType !== 0)
                                break;
                            message.packetBytesMax = reader.uint32();
                            message._packetBytesMax = "packetBytesMax";
                            continue;
                        }
                    case 10: {
                            if (wireType !== 2)
                                break;
                            message.agentVersion = reader.stringVerify();
                            message._agentVersion = "agentVersion";
                            continue;
                        }
                    case 11: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 12: {
                            if (wireType !== 0)
                                break;
                            message.patchMemoryBytes = reader.uint32();
                            message._patchMemoryBytes = "patchMemoryBytes";
                            continue;
                        }
                    case 13: {
                            if (wireType !== 0)
                                break;
                            message.trustVersion = reader.uint32();
                            message._trustVersion = "trustVersion";
                            continue;
                        }
                    case 14: {
                            if (wireType !== 2)
                                break;
                            message.reportKey = reader.bytes();
                            message._reportKey = "reportKey";
                            continue;
                        }
                    case 15: {
                            if (wireType !== 2)
                                break;
                            message.report = reader.bytes();
                            message._report = "report";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Hello
             * @function getTypeUrl
             * @memberof drover.v1.Hello
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Hello.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Hello";
            };

            return Hello;
        })();

        v1.ComponentReport = (function() {

            /**
             * Properties of a ComponentReport.
             * @typedef {Object} drover.v1.ComponentReport.$Properties
             * @property {string|null} [name] ComponentReport name
             * @property {string|null} [version] ComponentReport version
             * @property {Uint8Array|null} [digest] ComponentReport digest
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ComponentReport.
             * @memberof drover.v1
             * @interface IComponentReport
             * @augments drover.v1.ComponentReport.$Properties
             * @deprecated Use drover.v1.ComponentReport.$Properties instead.
             */

            /**
             * Shape of a ComponentReport.
             * @typedef {drover.v1.ComponentReport.$Properties} drover.v1.ComponentReport.$Shape
             */

            /**
             * Constructs a new ComponentReport.
             * @memberof drover.v1
             * @classdesc Represents a ComponentReport.
             * @constructor
             * @param {drover.v1.ComponentReport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ComponentReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ComponentReport name.
             * @member {string|null} name
             * @memberof drover.v1.ComponentReport
             * @instance
             */
            ComponentReport.prototype.name = null;

            /**
             * ComponentReport version.
             * @member {string|null} version
             * @memberof drover.v1.ComponentReport
             * @instance
             */
            ComponentReport.prototype.version = null;

            /**
             * ComponentReport digest.
             * @member {Uint8Array|null} digest
             * @memberof drover.v1.ComponentReport
             * @instance
             */
            ComponentReport.prototype.digest = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ComponentReport.prototype, "_name", {
                get: $util.oneOfGetter($oneOfFields = ["name"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ComponentReport.prototype, "_version", {
                get: $util.oneOfGetter($oneOfFields = ["version"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ComponentReport.prototype, "_digest", {
                get: $util.oneOfGetter($oneOfFields = ["digest"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new ComponentReport instance using the specified properties.
             * @function create
             * @memberof drover.v1.ComponentReport
             * @static
             * @param {drover.v1.ComponentReport.$Properties=} [properties] Properties to set
             * @returns {drover.v1.ComponentReport} ComponentReport instance
             * @type {{
             *   (properties: drover.v1.ComponentReport.$Shape): drover.v1.ComponentReport & drover.v1.ComponentReport.$Shape;
             *   (properties?: drover.v1.ComponentReport.$Properties): drover.v1.ComponentReport;
             * }}
             */
            ComponentReport.create = function(properties) {
                return new ComponentReport(properties);
            };

            /**
             * Encodes the specified ComponentReport message. Does not implicitly {@link drover.v1.ComponentReport.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.ComponentReport
             * @static
             * @param {drover.v1.ComponentReport.$Properties} message ComponentReport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ComponentReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
                if (message.digest != null && $Object.hasOwnProperty.call(message, "digest"))
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.digest);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ComponentReport message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.ComponentReport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.ComponentReport & drover.v1.ComponentReport.$Shape} ComponentReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ComponentReport.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.ComponentReport();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.name = reader.stringVerify();
                            message._name = "name";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.version = reader.stringVerify();
                            message._version = "version";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.digest = reader.bytes();
                            message._digest = "digest";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for ComponentReport
             * @function getTypeUrl
             * @memberof drover.v1.ComponentReport
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            ComponentReport.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.ComponentReport";
            };

            return ComponentReport;
        })();

        v1.CertificateRequest = (function() {

            /**
             * Properties of a CertificateRequest.
             * @typedef {Object} drover.v1.CertificateRequest.$Properties
             * @property {Uint8Array|null} [csr] CertificateRequest csr
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a CertificateRequest.
             * @memberof drover.v1
             * @interface ICertificateRequest
             * @augments drover.v1.CertificateRequest.$Properties
             * @deprecated Use drover.v1.CertificateRequest.$Properties instead.
             */

            /**
             * Shape of a CertificateRequest.
             * @typedef {drover.v1.CertificateRequest.$Properties} drover.v1.CertificateRequest.$Shape
             */

            /**
             * Constructs a new CertificateRequest.
             * @memberof drover.v1
             * @classdesc Represents a CertificateRequest.
             * @constructor
             * @param {drover.v1.CertificateRequest.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const CertificateRequest = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * CertificateRequest csr.
             * @member {Uint8Array|null} csr
             * @memberof drover.v1.CertificateRequest
             * @instance
             */
            CertificateRequest.prototype.csr = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(CertificateRequest.prototype, "_csr", {
                get: $util.oneOfGetter($oneOfFields = ["csr"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new CertificateRequest instance using the specified properties.
             * @function create
             * @memberof drover.v1.CertificateRequest
             * @static
             * @param {drover.v1.CertificateRequest.$Properties=} [properties] Properties to set
             * @returns {drover.v1.CertificateRequest} CertificateRequest instance
             * @type {{
             *   (properties: drover.v1.CertificateRequest.$Shape): drover.v1.CertificateRequest & drover.v1.CertificateRequest.$Shape;
             *   (properties?: drover.v1.CertificateRequest.$Properties): drover.v1.CertificateRequest;
             * }}
             */
            CertificateRequest.create = function(properties) {
                return new CertificateRequest(properties);
            };

            /**
             * Encodes the specified CertificateRequest message. Does not implicitly {@link drover.v1.CertificateRequest.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.CertificateRequest
             * @static
             * @param {drover.v1.CertificateRequest.$Properties} message CertificateRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            CertificateRequest.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.csr != null && $Object.hasOwnProperty.call(message, "csr"))
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.csr);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a CertificateRequest message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.CertificateRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.CertificateRequest & drover.v1.CertificateRequest.$Shape} CertificateRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            CertificateRequest.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.CertificateRequest();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.csr = reader.bytes();
                            message._csr = "csr";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for CertificateRequest
             * @function getTypeUrl
             * @memberof drover.v1.CertificateRequest
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            CertificateRequest.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.CertificateRequest";
            };

            return CertificateRequest;
        })();

        /**
         * Step enum.
         * @name drover.v1.Step
         * @enum {number}
         * @property {number} STEP_UNSPECIFIED=0 STEP_UNSPECIFIED value
         * @property {number} STEP_OFFERED=1 STEP_OFFERED value
         * @property {number} STEP_DOWNLOADING=2 STEP_DOWNLOADING value
         * @property {number} STEP_VERIFYING=3 STEP_VERIFYING value
         * @property {number} STEP_AWAITING_INSTALL=4 STEP_AWAITING_INSTALL value
         * @property {number} STEP_INSTALLING=5 STEP_INSTALLING value
         * @property {number} STEP_REBOOTING=6 STEP_REBOOTING value
         * @property {number} STEP_CONFIRMING=7 STEP_CONFIRMING value
         * @property {number} STEP_WITHDRAWN=8 STEP_WITHDRAWN value
         * @property {number} STEP_DONE=9 STEP_DONE value
         * @property {number} STEP_FAILED=10 STEP_FAILED value
         */
        v1.Step = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "STEP_UNSPECIFIED"] = 0;
            values[valuesById[1] = "STEP_OFFERED"] = 1;
            values[valuesById[2] = "STEP_DOWNLOADING"] = 2;
            values[valuesById[3] = "STEP_VERIFYING"] = 3;
            values[valuesById[4] = "STEP_AWAITING_INSTALL"] = 4;
            values[valuesById[5] = "STEP_INSTALLING"] = 5;
            values[valuesById[6] = "STEP_REBOOTING"] = 6;
            values[valuesById[7] = "STEP_CONFIRMING"] = 7;
            values[valuesById[8] = "STEP_WITHDRAWN"] = 8;
            values[valuesById[9] = "STEP_DONE"] = 9;
            values[valuesById[10] = "STEP_FAILED"] = 10;
            return values;
        })();

        v1.Event = (function() {

            /**
             * Properties of an Event.
             * @typedef {Object} drover.v1.Event.$Properties
             * @property {Uint8Array|null} [journalId] Event journalId
             * @property {number|Long|null} [eventNumber] Event eventNumber
             * @property {string|null} [operationId] Event operationId
             * @property {number|null} [attempt] Event attempt
             * @property {number|Long|null} [deviceTime] Event deviceTime
             * @property {string|null} [code] Event code
             * @property {drover.v1.Step|null} [step] Event step
             * @property {string|null} [component] Event component
             * @property {string|null} [version] Event version
             * @property {Uint8Array|null} [digest] Event digest
             * @property {Array.<drover.v1.EventData.$Properties>} [data] Event data
             * @property {Uint8Array|null} [report] Event report
             * @property {"code"|"step"} [content] Event content
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an Event.
             * @memberof drover.v1
             * @interface IEvent
             * @augments drover.v1.Event.$Properties
             * @deprecated Use drover.v1.Event.$Properties instead.
             */

            /**
             * Narrowed shape of an Event.
             * @typedef {{
             *   journalId?: Uint8Array|null;
             *   eventNumber?: number|Long|null;
             *   operationId?: string|null;
             *   attempt?: number|null;
             *   deviceTime?: number|Long|null;
             *   code?: string|null;
             *   step?: drover.v1.Step|null;
             *   component?: string|null;
             *   version?: string|null;
             *   digest?: Uint8Array|null;
             *   data?: Array.<drover.v1.EventData.$Shape>;
             *   report?: Uint8Array|null;
             *   $unknowns?: Array.<Uint8Array>;
             * } & (
             *   ({ content?: undefined; code?: null; step?: null }|{ content?: "code"; code: string; step?: null }|{ content?: "step"; code?: null; step: drover.v1.Step })
             * )} drover.v1.Event.$Shape
             */

            /**
             * Constructs a new Event.
             * @memberof drover.v1
             * @classdesc Represents an Event.
             * @constructor
             * @param {drover.v1.Event.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Event = function (properties) {
                this.data = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Event journalId.
             * @member {Uint8Array|null} journalId
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.journalId = null;

            /**
             * Event eventNumber.
             * @member {number|Long|null} eventNumber
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.eventNumber = null;

            /**
             * Event operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.operationId = null;

            /**
             * Event attempt.
             * @member {number|null} attempt
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.attempt = null;

            /**
             * Event deviceTime.
             * @member {number|Long|null} deviceTime
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.deviceTime = null;

            /**
             * Event code.
             * @member {string|null} code
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.code = null;

            /**
             * Event step.
             * @member {drover.v1.Step|null} step
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.step = null;

            /**
             * Event component.
             * @member {string|null} component
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.component = null;

            /**
             * Event version.
             * @member {string|null} version
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.version = null;

            /**
             * Event digest.
             * @member {Uint8Array|null} digest
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.digest = null;

            /**
             * Event data.
             * @member {Array.<drover.v1.EventData>} data
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.data = $util.emptyArray;

            /**
             * Event report.
             * @member {Uint8Array|null} report
             * @memberof drover.v1.Event
             * @instance
             */
            Event.prototype.report = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Event.prototype, "_journalId", {
                get: $util.oneOfGetter($oneOfFields = ["journalId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Event.prototype, "_eventNumber", {
                get: $util.oneOfGetter($oneOfFields = ["eventNumber"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Event.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Event.prototype, "_attempt", {
                get: $util.oneOfGetter($oneOfFields = ["attempt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Event.prototype, "_deviceTime", {
                get: $util.oneOfGetter($oneOfFields = ["deviceTime"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Event content.
             * @member {"code"|"step"|undefined} content
             * @memberof drover.v1.Event
             * @instance
             */
            $Object.defineProperty(Event.prototype, "content", {
                get: $util.oneOfGetter($oneOfFields = ["code", "step"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Event.prototype, "_component", {
                get: $util.oneOfGetter($oneOfFields = ["component"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Event.prototype, "_version", {
                get: $util.oneOfGetter($oneOfFields = ["version"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Event.prototype, "_digest", {
                get: $util.oneOfGetter($oneOfFields = ["digest"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Event.prototype, "_report", {
                get: $util.oneOfGetter($oneOfFields = ["report"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Event instance using the specified properties.
             * @function create
             * @memberof drover.v1.Event
             * @static
             * @param {drover.v1.Event.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Event} Event instance
             * @type {{
             *   (properties: drover.v1.Event.$Shape): drover.v1.Event & drover.v1.Event.$Shape;
             *   (properties?: drover.v1.Event.$Properties): drover.v1.Event;
             * }}
             */
            Event.create = function(properties) {
                return new Event(properties);
            };

            /**
             * Encodes the specified Event message. Does not implicitly {@link drover.v1.Event.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Event
             * @static
             * @param {drover.v1.Event.$Properties} message Event message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Event.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.journalId != null && $Object.hasOwnProperty.call(message, "journalId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.journalId);
                if (message.eventNumber != null && $Object.hasOwnProperty.call(message, "eventNumber"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.eventNumber);
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.operationId);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.attempt);
                if (message.deviceTime != null && $Object.hasOwnProperty.call(message, "deviceTime"))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.deviceTime);
                if (message.code != null && $Object.hasOwnProperty.call(message, "code"))
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.code);
                if (message.step != null && $Object.hasOwnProperty.call(message, "step"))
                    writer.uint32(/* id 7, wireType 0 =*/56).int32(message.step);
                if (message.component != null && $Object.hasOwnProperty.call(message, "component"))
                    writer.uint32(/* id 8, wireType 2 =*/66).string(message.component);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version"))
                    writer.uint32(/* id 9, wireType 2 =*/74).string(message.version);
                if (message.digest != null && $Object.hasOwnProperty.call(message, "digest"))
                    writer.uint32(/* id 10, wireType 2 =*/82).bytes(message.digest);
                if (message.data != null && message.data.length)
                    for (let i = 0; i < message.data.length; ++i)
                        $root.drover.v1.EventData.encode(message.data[i], writer.uint32(/* id 11, wireType 2 =*/90).fork(), _depth + 1).ldelim();
                if (message.report != null && $Object.hasOwnProperty.call(message, "report"))
                    writer.uint32(/* id 12, wireType 2 =*/98).bytes(message.report);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an Event message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Event
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Event & drover.v1.Event.$Shape} Event
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Event.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Event();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.journalId = reader.bytes();
                            message._journalId = "journalId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.eventNumber = reader.uint64();
                            message._eventNumber = "eventNumber";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            message.attempt = reader.uint32();
                            message._attempt = "attempt";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            message.deviceTime = reader.uint64();
                            message._deviceTime = "deviceTime";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            message.code = reader.stringVerify();
                            message.content = "code";
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            message.step = reader.int32();
                            message.content = "step";
                            continue;
                        }
                    case 8: {
                            if (wireType !== 2)
                                break;
                            message.component = reader.stringVerify();
                            message._component = "component";
                            continue;
                        }
                    case 9: {
                            if (wireType !== 2)
                                break;
                            message.version = reader.stringVerify();
                            message._version = "version";
                            continue;
                        }
                    case 10: {
                            if (wireType !== 2)
                                break;
                            message.digest = reader.bytes();
                            message._digest = "digest";
                            continue;
                        }
                    case 11: {
                            if (wireType !== 2)
                                break;
                            if (!(message.data && message.data.length))
                                message.data = [];
                            message.data.push($root.drover.v1.EventData.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 12: {
                            if (wireType !== 2)
                                break;
                            message.report = reader.bytes();
                            message._report = "report";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Event
             * @function getTypeUrl
             * @memberof drover.v1.Event
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Event.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Event";
            };

            return Event;
        })();

        v1.EventData = (function() {

            /**
             * Properties of an EventData.
             * @typedef {Object} drover.v1.EventData.$Properties
             * @property {string|null} [name] EventData name
             * @property {string|null} [value] EventData value
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an EventData.
             * @memberof drover.v1
             * @interface IEventData
             * @augments drover.v1.EventData.$Properties
             * @deprecated Use drover.v1.EventData.$Properties instead.
             */

            /**
             * Shape of an EventData.
             * @typedef {drover.v1.EventData.$Properties} drover.v1.EventData.$Shape
             */

            /**
             * Constructs a new EventData.
             * @memberof drover.v1
             * @classdesc Represents an EventData.
             * @constructor
             * @param {drover.v1.EventData.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const EventData = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * EventData name.
             * @member {string|null} name
             * @memberof drover.v1.EventData
             * @instance
             */
            EventData.prototype.name = null;

            /**
             * EventData value.
             * @member {string|null} value
             * @memberof drover.v1.EventData
             * @instance
             */
            EventData.prototype.value = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(EventData.prototype, "_name", {
                get: $util.oneOfGetter($oneOfFields = ["name"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(EventData.prototype, "_value", {
                get: $util.oneOfGetter($oneOfFields = ["value"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new EventData instance using the specified properties.
             * @function create
             * @memberof drover.v1.EventData
             * @static
             * @param {drover.v1.EventData.$Properties=} [properties] Properties to set
             * @returns {drover.v1.EventData} EventData instance
             * @type {{
             *   (properties: drover.v1.EventData.$Shape): drover.v1.EventData & drover.v1.EventData.$Shape;
             *   (properties?: drover.v1.EventData.$Properties): drover.v1.EventData;
             * }}
             */
            EventData.create = function(properties) {
                return new EventData(properties);
            };

            /**
             * Encodes the specified EventData message. Does not implicitly {@link drover.v1.EventData.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.EventData
             * @static
             * @param {drover.v1.EventData.$Properties} message EventData message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            EventData.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an EventData message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.EventData
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.EventData & drover.v1.EventData.$Shape} EventData
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            EventData.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.EventData();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.name = reader.stringVerify();
                            message._name = "name";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.value = reader.stringVerify();
                            message._value = "value";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for EventData
             * @function getTypeUrl
             * @memberof drover.v1.EventData
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            EventData.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.EventData";
            };

            return EventData;
        })();

        v1.Progress = (function() {

            /**
             * Properties of a Progress.
             * @typedef {Object} drover.v1.Progress.$Properties
             * @property {string|null} [operationId] Progress operationId
             * @property {number|null} [attempt] Progress attempt
             * @property {drover.v1.Step|null} [step] Progress step
             * @property {number|Long|null} [imageBytes] Progress imageBytes
             * @property {number|Long|null} [heldBytes] Progress heldBytes
             * @property {number|Long|null} [receivedBytes] Progress receivedBytes
             * @property {number|Long|null} [wireBytes] Progress wireBytes
             * @property {string|null} [refusedOperationId] Progress refusedOperationId
             * @property {number|Long|null} [patchBytes] Progress patchBytes
             * @property {number|Long|null} [patchWireBytes] Progress patchWireBytes
             * @property {number|Long|null} [broadcastBytes] Progress broadcastBytes
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Progress.
             * @memberof drover.v1
             * @interface IProgress
             * @augments drover.v1.Progress.$Properties
             * @deprecated Use drover.v1.Progress.$Properties instead.
             */

            /**
             * Shape of a Progress.
             * @typedef {drover.v1.Progress.$Properties} drover.v1.Progress.$Shape
             */

            /**
             * Constructs a new Progress.
             * @memberof drover.v1
             * @classdesc Represents a Progress.
             * @constructor
             * @param {drover.v1.Progress.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Progress = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Progress operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.operationId = null;

            /**
             * Progress attempt.
             * @member {number|null} attempt
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.attempt = null;

            /**
             * Progress step.
             * @member {drover.v1.Step|null} step
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.step = null;

            /**
             * Progress imageBytes.
             * @member {number|Long|null} imageBytes
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.imageBytes = null;

            /**
             * Progress heldBytes.
             * @member {number|Long|null} heldBytes
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.heldBytes = null;

            /**
             * Progress receivedBytes.
             * @member {number|Long|null} receivedBytes
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.receivedBytes = null;

            /**
             * Progress wireBytes.
             * @member {number|Long|null} wireBytes
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.wireBytes = null;

            /**
             * Progress refusedOperationId.
             * @member {string|null} refusedOperationId
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.refusedOperationId = null;

            /**
             * Progress patchBytes.
             * @member {number|Long|null} patchBytes
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.patchBytes = null;

            /**
             * Progress patchWireBytes.
             * @member {number|Long|null} patchWireBytes
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.patchWireBytes = null;

            /**
             * Progress broadcastBytes.
             * @member {number|Long|null} broadcastBytes
             * @memberof drover.v1.Progress
             * @instance
             */
            Progress.prototype.broadcastBytes = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_attempt", {
                get: $util.oneOfGetter($oneOfFields = ["attempt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_step", {
                get: $util.oneOfGetter($oneOfFields = ["step"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_imageBytes", {
                get: $util.oneOfGetter($oneOfFields = ["imageBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_heldBytes", {
                get: $util.oneOfGetter($oneOfFields = ["heldBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_receivedBytes", {
                get: $util.oneOfGetter($oneOfFields = ["receivedBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_wireBytes", {
                get: $util.oneOfGetter($oneOfFields = ["wireBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_refusedOperationId", {
                get: $util.oneOfGetter($oneOfFields = ["refusedOperationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_patchBytes", {
                get: $util.oneOfGetter($oneOfFields = ["patchBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_patchWireBytes", {
                get: $util.oneOfGetter($oneOfFields = ["patchWireBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Progress.prototype, "_broadcastBytes", {
                get: $util.oneOfGetter($oneOfFields = ["broadcastBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Progress instance using the specified properties.
             * @function create
             * @memberof drover.v1.Progress
             * @static
             * @param {drover.v1.Progress.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Progress} Progress instance
             * @type {{
             *   (properties: drover.v1.Progress.$Shape): drover.v1.Progress & drover.v1.Progress.$Shape;
             *   (properties?: drover.v1.Progress.$Properties): drover.v1.Progress;
             * }}
             */
            Progress.create = function(properties) {
                return new Progress(properties);
            };

            /**
             * Encodes the specified Progress message. Does not implicitly {@link drover.v1.Progress.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Progress
             * @static
             * @param {drover.v1.Progress.$Properties} message Progress message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Progress.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.operationId);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.attempt);
                if (message.step != null && $Object.hasOwnProperty.call(message, "step"))
                    writer.uint32(/* id 3, wireType 0 =*/24).int32(message.step);
                if (message.imageBytes != null && $Object.hasOwnProperty.call(message, "imageBytes"))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.imageBytes);
                if (message.heldBytes != null && $Object.hasOwnProperty.call(message, "heldBytes"))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.heldBytes);
                if (message.receivedBytes != null && $Object.hasOwnProperty.call(message, "receivedBytes"))
                    writer.uint32(/* id 6, wireType 0 =*/48).uint64(message.receivedBytes);
                if (message.wireBytes != null && $Object.hasOwnProperty.call(message, "wireBytes"))
                    writer.uint32(/* id 7, wireType 0 =*/56).uint64(message.wireBytes);
                if (message.refusedOperationId != null && $Object.hasOwnProperty.call(message, "refusedOperationId"))
                    writer.uint32(/* id 8, wireType 2 =*/66).string(message.refusedOperationId);
                if (message.patchBytes != null && $Object.hasOwnProperty.call(message, "patchBytes"))
                    writer.uint32(/* id 9, wireType 0 =*/72).uint64(message.patchBytes);
                if (message.patchWireBytes != null && $Object.hasOwnProperty.call(message, "patchWireBytes"))
                    writer.uint32(/* id 10, wireType 0 =*/80).uint64(message.patchWireBytes);
                if (message.broadcastBytes != null && $Object.hasOwnProperty.call(message, "broadcastBytes"))
                    writer.uint32(/* id 11, wireType 0 =*/88).uint64(message.broadcastBytes);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Progress message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Progress
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Progress & drover.v1.Progress.$Shape} Progress
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Progress.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Progress();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.attempt = reader.uint32();
                            message._attempt = "attempt";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            message.step = reader.int32();
                            message._step = "step";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            message.imageBytes = reader.uint64();
                            message._imageBytes = "imageBytes";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            message.heldBytes = reader.uint64();
                            message._heldBytes = "heldBytes";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            message.receivedBytes = reader.uint64();
                            message._receivedBytes = "receivedBytes";
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            message.wireBytes = reader.uint64();
                            message._wireBytes = "wireBytes";
                            continue;
                        }
                    case 8: {
                            if (wireType !== 2)
                                break;
                            message.refusedOperationId = reader.stringVerify();
                            message._refusedOperationId = "refusedOperationId";
                            continue;
                        }
                    case 9: {
                            if (wireType !== 0)
                                break;
                            message.patchBytes = reader.uint64();
                            message._patchBytes = "patchBytes";
                            continue;
                        }
                    case 10: {
                            if (wireType !== 0)
                                break;
                            message.patchWireBytes = reader.uint64();
                            message._patchWireBytes = "patchWireBytes";
                            continue;
                        }
                    case 11: {
                            if (wireType !== 0)
                                break;
                            message.broadcastBytes = reader.uint64();
                            message._broadcastBytes = "broadcastBytes";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Progress
             * @function getTypeUrl
             * @memberof drover.v1.Progress
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Progress.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Progress";
            };

            return Progress;
        })();

        v1.ChunkRequest = (function() {

            /**
             * Properties of a ChunkRequest.
             * @typedef {Object} drover.v1.ChunkRequest.$Properties
             * @property {number|null} [requestNumber] ChunkRequest requestNumber
             * @property {string|null} [operationId] ChunkRequest operationId
             * @property {Uint8Array|null} [artifactSha256] ChunkRequest artifactSha256
             * @property {boolean|null} [index] ChunkRequest index
             * @property {number|null} [indexOffset] ChunkRequest indexOffset
             * @property {Array.<drover.v1.ChunkRange.$Properties>} [ranges] ChunkRequest ranges
             * @property {number|null} [windowBytes] ChunkRequest windowBytes
             * @property {Uint8Array|null} [patchBaseSha256] ChunkRequest patchBaseSha256
             * @property {number|null} [patchOffset] ChunkRequest patchOffset
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ChunkRequest.
             * @memberof drover.v1
             * @interface IChunkRequest
             * @augments drover.v1.ChunkRequest.$Properties
             * @deprecated Use drover.v1.ChunkRequest.$Properties instead.
             */

            /**
             * Shape of a ChunkRequest.
             * @typedef {drover.v1.ChunkRequest.$Properties} drover.v1.ChunkRequest.$Shape
             */

            /**
             * Constructs a new ChunkRequest.
             * @memberof drover.v1
             * @classdesc Represents a ChunkRequest.
             * @constructor
             * @param {drover.v1.ChunkRequest.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ChunkRequest = function (properties) {
                this.ranges = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ChunkRequest requestNumber.
             * @member {number|null} requestNumber
             * @memberof drover.v1.ChunkRequest
             * @instance
             */
            ChunkRequest.prototype.requestNumber = null;

            /**
             * ChunkRequest operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.ChunkRequest
             * @instance
             */
            ChunkRequest.prototype.operationId = null;

            /**
             * ChunkRequest artifactSha256.
             * @member {Uint8Array|null} artifactSha256
             * @memberof drover.v1.ChunkRequest
             * @instance
             */
            ChunkRequest.prototype.artifactSha256 = null;

            /**
             * ChunkRequest index.
             * @member {boolean|null} index
             * @memberof drover.v1.ChunkRequest
             * @instance
             */
            ChunkRequest.prototype.index = null;

            /**
             * ChunkRequest indexOffset.
             * @member {number|null} indexOffset
             * @memberof drover.v1.ChunkRequest
             * @instance
             */
            ChunkRequest.prototype.indexOffset = null;

            /**
             * ChunkRequest ranges.
             * @member {Array.<drover.v1.ChunkRange>} ranges
             * @memberof drover.v1.ChunkRequest
             * @instance
             */
            ChunkRequest.prototype.ranges = $util.emptyArray;

            /**
             * ChunkRequest windowBytes.
             * @member {number|null} windowBytes
             * @memberof drover.v1.ChunkRequest
             * @instance
             */
            ChunkRequest.prototype.windowBytes = null;

            /**
             * ChunkRequest patchBaseSha256.
             * @member {Uint8Array|null} patchBaseSha256
             * @memberof drover.v1.ChunkRequest
             * @instance
             */
            ChunkRequest.prototype.patchBaseSha256 = null;

            /**
             * ChunkRequest patchOffset.
             * @member {number|null} patchOffset
             * @memberof drover.v1.ChunkRequest
             * @instance
             */
            ChunkRequest.prototype.patchOffset = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRequest.prototype, "_requestNumber", {
                get: $util.oneOfGetter($oneOfFields = ["requestNumber"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRequest.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRequest.prototype, "_artifactSha256", {
                get: $util.oneOfGetter($oneOfFields = ["artifactSha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRequest.prototype, "_index", {
                get: $util.oneOfGetter($oneOfFields = ["index"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRequest.prototype, "_indexOffset", {
                get: $util.oneOfGetter($oneOfFields = ["indexOffset"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRequest.prototype, "_windowBytes", {
                get: $util.oneOfGetter($oneOfFields = ["windowBytes"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRequest.prototype, "_patchBaseSha256", {
                get: $util.oneOfGetter($oneOfFields = ["patchBaseSha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRequest.prototype, "_patchOffset", {
                get: $util.oneOfGetter($oneOfFields = ["patchOffset"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new ChunkRequest instance using the specified properties.
             * @function create
             * @memberof drover.v1.ChunkRequest
             * @static
             * @param {drover.v1.ChunkRequest.$Properties=} [properties] Properties to set
             * @returns {drover.v1.ChunkRequest} ChunkRequest instance
             * @type {{
             *   (properties: drover.v1.ChunkRequest.$Shape): drover.v1.ChunkRequest & drover.v1.ChunkRequest.$Shape;
             *   (properties?: drover.v1.ChunkRequest.$Properties): drover.v1.ChunkRequest;
             * }}
             */
            ChunkRequest.create = function(properties) {
                return new ChunkRequest(properties);
            };

            /**
             * Encodes the specified ChunkRequest message. Does not implicitly {@link drover.v1.ChunkRequest.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.ChunkRequest
             * @static
             * @param {drover.v1.ChunkRequest.$Properties} message ChunkRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ChunkRequest.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.requestNumber != null && $Object.hasOwnProperty.call(message, "requestNumber"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.requestNumber);
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.operationId);
                if (message.artifactSha256 != null && $Object.hasOwnProperty.call(message, "artifactSha256"))
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.artifactSha256);
                if (message.index != null && $Object.hasOwnProperty.call(message, "index"))
                    writer.uint32(/* id 4, wireType 0 =*/32).bool(message.index);
                if (message.indexOffset != null && $Object.hasOwnProperty.call(message, "indexOffset"))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.indexOffset);
                if (message.ranges != null && message.ranges.length)
                    for (let i = 0; i < message.ranges.length; ++i)
                        $root.drover.v1.ChunkRange.encode(message.ranges[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                if (message.windowBytes != null && $Object.hasOwnProperty.call(message, "windowBytes"))
                    writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.windowBytes);
                if (message.patchBaseSha256 != null && $Object.hasOwnProperty.call(message, "patchBaseSha256"))
                    writer.uint32(/* id 8, wireType 2 =*/66).bytes(message.patchBaseSha256);
                if (message.patchOffset != null && $Object.hasOwnProperty.call(message, "patchOffset"))
                    writer.uint32(/* id 9, wireType 0 =*/72).uint32(message.patchOffset);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ChunkRequest message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.ChunkRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.ChunkRequest & drover.v1.ChunkRequest.$Shape} ChunkRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ChunkRequest.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.ChunkRequest();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.requestNumber = reader.uint32();
                            message._requestNumber = "requestNumber";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.artifactSha256 = reader.bytes();
                            message._artifactSha256 = "artifactSha256";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            message.index = reader.bool();
                            message._index = "index";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            message.indexOffset = reader.uint32();
                            message._indexOffset = "indexOffset";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if (!(message.ranges && message.ranges.length))
                                message.ranges = [];
                            message.ranges.push($root.drover.v1.ChunkRange.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            message.windowBytes = reader.uint32();
                            message._windowBytes = "windowBytes";
                            continue;
                        }
                    case 8: {
                            if (wireType !== 2)
                                break;
                            message.patchBaseSha256 = reader.bytes();
                            message._patchBaseSha256 = "patchBaseSha256";
                            continue;
                        }
                    case 9: {
                            if (wireType !== 0)
                                break;
                            message.patchOffset = reader.uint32();
                            message._patchOffset = "patchOffset";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for ChunkRequest
             * @function getTypeUrl
             * @memberof drover.v1.ChunkRequest
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            ChunkRequest.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.ChunkRequest";
            };

            return ChunkRequest;
        })();

        v1.ChunkRange = (function() {

            /**
             * Properties of a ChunkRange.
             * @typedef {Object} drover.v1.ChunkRange.$Properties
             * @property {number|null} [first] ChunkRange first
             * @property {number|null} [count] ChunkRange count
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ChunkRange.
             * @memberof drover.v1
             * @interface IChunkRange
             * @augments drover.v1.ChunkRange.$Properties
             * @deprecated Use drover.v1.ChunkRange.$Properties instead.
             */

            /**
             * Shape of a ChunkRange.
             * @typedef {drover.v1.ChunkRange.$Properties} drover.v1.ChunkRange.$Shape
             */

            /**
             * Constructs a new ChunkRange.
             * @memberof drover.v1
             * @classdesc Represents a ChunkRange.
             * @constructor
             * @param {drover.v1.ChunkRange.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ChunkRange = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ChunkRange first.
             * @member {number|null} first
             * @memberof drover.v1.ChunkRange
             * @instance
             */
            ChunkRange.prototype.first = null;

            /**
             * ChunkRange count.
             * @member {number|null} count
             * @memberof drover.v1.ChunkRange
             * @instance
             */
            ChunkRange.prototype.count = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRange.prototype, "_first", {
                get: $util.oneOfGetter($oneOfFields = ["first"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ChunkRange.prototype, "_count", {
                get: $util.oneOfGetter($oneOfFields = ["count"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new ChunkRange instance using the specified properties.
             * @function create
             * @memberof drover.v1.ChunkRange
             * @static
             * @param {drover.v1.ChunkRange.$Properties=} [properties] Properties to set
             * @returns {drover.v1.ChunkRange} ChunkRange instance
             * @type {{
             *   (properties: drover.v1.ChunkRange.$Shape): drover.v1.ChunkRange & drover.v1.ChunkRange.$Shape;
             *   (properties?: drover.v1.ChunkRange.$Properties): drover.v1.ChunkRange;
             * }}
             */
            ChunkRange.create = function(properties) {
                return new ChunkRange(properties);
            };

            /**
             * Encodes the specified ChunkRange message. Does not implicitly {@link drover.v1.ChunkRange.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.ChunkRange
             * @static
             * @param {drover.v1.ChunkRange.$Properties} message ChunkRange message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ChunkRange.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.first != null && $Object.hasOwnProperty.call(message, "first"))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.first);
                if (message.count != null && $Object.hasOwnProperty.call(message, "count"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.count);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ChunkRange message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.ChunkRange
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.ChunkRange & drover.v1.ChunkRange.$Shape} ChunkRange
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ChunkRange.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.ChunkRange();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.first = reader.uint32();
                            message._first = "first";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.count = reader.uint32();
                            message._count = "count";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for ChunkRange
             * @function getTypeUrl
             * @memberof drover.v1.ChunkRange
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            ChunkRange.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.ChunkRange";
            };

            return ChunkRange;
        })();

        v1.ConfigurationReport = (function() {

            /**
             * Properties of a ConfigurationReport.
             * @typedef {Object} drover.v1.ConfigurationReport.$Properties
             * @property {string|null} [operationId] ConfigurationReport operationId
             * @property {number|null} [attempt] ConfigurationReport attempt
             * @property {string|null} [version] ConfigurationReport version
             * @property {Uint8Array|null} [sha256] ConfigurationReport sha256
             * @property {Uint8Array|null} [content] ConfigurationReport content
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ConfigurationReport.
             * @memberof drover.v1
             * @interface IConfigurationReport
             * @augments drover.v1.ConfigurationReport.$Properties
             * @deprecated Use drover.v1.ConfigurationReport.$Properties instead.
             */

            /**
             * Shape of a ConfigurationReport.
             * @typedef {drover.v1.ConfigurationReport.$Properties} drover.v1.ConfigurationReport.$Shape
             */

            /**
             * Constructs a new ConfigurationReport.
             * @memberof drover.v1
             * @classdesc Represents a ConfigurationReport.
             * @constructor
             * @param {drover.v1.ConfigurationReport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ConfigurationReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ConfigurationReport operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.ConfigurationReport
             * @instance
             */
            ConfigurationReport.prototype.operationId = null;

            /**
             * ConfigurationReport attempt.
             * @member {number|null} attempt
             * @memberof drover.v1.ConfigurationReport
             * @instance
             */
            ConfigurationReport.prototype.attempt = null;

            /**
             * ConfigurationReport version.
             * @member {string|null} version
             * @memberof drover.v1.ConfigurationReport
             * @instance
             */
            ConfigurationReport.prototype.version = null;

            /**
             * ConfigurationReport sha256.
             * @member {Uint8Array|null} sha256
             * @memberof drover.v1.ConfigurationReport
             * @instance
             */
            ConfigurationReport.prototype.sha256 = null;

            /**
             * ConfigurationReport content.
             * @member {Uint8Array|null} content
             * @memberof drover.v1.ConfigurationReport
             * @instance
             */
            ConfigurationReport.prototype.content = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ConfigurationReport.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ConfigurationReport.prototype, "_attempt", {
                get: $util.oneOfGetter($oneOfFields = ["attempt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ConfigurationReport.prototype, "_version", {
                get: $util.oneOfGetter($oneOfFields = ["version"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ConfigurationReport.prototype, "_sha256", {
                get: $util.oneOfGetter($oneOfFields = ["sha256"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(ConfigurationReport.prototype, "_content", {
                get: $util.oneOfGetter($oneOfFields = ["content"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new ConfigurationReport instance using the specified properties.
             * @function create
             * @memberof drover.v1.ConfigurationReport
             * @static
             * @param {drover.v1.ConfigurationReport.$Properties=} [properties] Properties to set
             * @returns {drover.v1.ConfigurationReport} ConfigurationReport instance
             * @type {{
             *   (properties: drover.v1.ConfigurationReport.$Shape): drover.v1.ConfigurationReport & drover.v1.ConfigurationReport.$Shape;
             *   (properties?: drover.v1.ConfigurationReport.$Properties): drover.v1.ConfigurationReport;
             * }}
             */
            ConfigurationReport.create = function(properties) {
                return new ConfigurationReport(properties);
            };

            /**
             * Encodes the specified ConfigurationReport message. Does not implicitly {@link drover.v1.ConfigurationReport.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.ConfigurationReport
             * @static
             * @param {drover.v1.ConfigurationReport.$Properties} message ConfigurationReport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ConfigurationReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.operationId);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.attempt);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version"))
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.version);
                if (message.sha256 != null && $Object.hasOwnProperty.call(message, "sha256"))
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.sha256);
                if (message.content != null && $Object.hasOwnProperty.call(message, "content"))
                    writer.uint32(/* id 5, wireType 2 =*/42).bytes(message.content);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ConfigurationReport message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.ConfigurationReport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.ConfigurationReport & drover.v1.ConfigurationReport.$Shape} ConfigurationReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ConfigurationReport.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.ConfigurationReport();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.attempt = reader.uint32();
                            message._attempt = "attempt";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.version = reader.stringVerify();
                            message._version = "version";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.sha256 = reader.bytes();
                            message._sha256 = "sha256";
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            message.content = reader.bytes();
                            message._content = "content";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for ConfigurationReport
             * @function getTypeUrl
             * @memberof drover.v1.ConfigurationReport
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            ConfigurationReport.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.ConfigurationReport";
            };

            return ConfigurationReport;
        })();

        v1.LogReport = (function() {

            /**
             * Properties of a LogReport.
             * @typedef {Object} drover.v1.LogReport.$Properties
             * @property {string|null} [operationId] LogReport operationId
             * @property {number|null} [attempt] LogReport attempt
             * @property {Uint8Array|null} [lines] LogReport lines
             * @property {boolean|null} [cut] LogReport cut
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a LogReport.
             * @memberof drover.v1
             * @interface ILogReport
             * @augments drover.v1.LogReport.$Properties
             * @deprecated Use drover.v1.LogReport.$Properties instead.
             */

            /**
             * Shape of a LogReport.
             * @typedef {drover.v1.LogReport.$Properties} drover.v1.LogReport.$Shape
             */

            /**
             * Constructs a new LogReport.
             * @memberof drover.v1
             * @classdesc Represents a LogReport.
             * @constructor
             * @param {drover.v1.LogReport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const LogReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * LogReport operationId.
             * @member {string|null} operationId
             * @memberof drover.v1.LogReport
             * @instance
             */
            LogReport.prototype.operationId = null;

            /**
             * LogReport attempt.
             * @member {number|null} attempt
             * @memberof drover.v1.LogReport
             * @instance
             */
            LogReport.prototype.attempt = null;

            /**
             * LogReport lines.
             * @member {Uint8Array|null} lines
             * @memberof drover.v1.LogReport
             * @instance
             */
            LogReport.prototype.lines = null;

            /**
             * LogReport cut.
             * @member {boolean|null} cut
             * @memberof drover.v1.LogReport
             * @instance
             */
            LogReport.prototype.cut = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(LogReport.prototype, "_operationId", {
                get: $util.oneOfGetter($oneOfFields = ["operationId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(LogReport.prototype, "_attempt", {
                get: $util.oneOfGetter($oneOfFields = ["attempt"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(LogReport.prototype, "_lines", {
                get: $util.oneOfGetter($oneOfFields = ["lines"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(LogReport.prototype, "_cut", {
                get: $util.oneOfGetter($oneOfFields = ["cut"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new LogReport instance using the specified properties.
             * @function create
             * @memberof drover.v1.LogReport
             * @static
             * @param {drover.v1.LogReport.$Properties=} [properties] Properties to set
             * @returns {drover.v1.LogReport} LogReport instance
             * @type {{
             *   (properties: drover.v1.LogReport.$Shape): drover.v1.LogReport & drover.v1.LogReport.$Shape;
             *   (properties?: drover.v1.LogReport.$Properties): drover.v1.LogReport;
             * }}
             */
            LogReport.create = function(properties) {
                return new LogReport(properties);
            };

            /**
             * Encodes the specified LogReport message. Does not implicitly {@link drover.v1.LogReport.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.LogReport
             * @static
             * @param {drover.v1.LogReport.$Properties} message LogReport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            LogReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId"))
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.operationId);
                if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt"))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.attempt);
                if (message.lines != null && $Object.hasOwnProperty.call(message, "lines"))
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.lines);
                if (message.cut != null && $Object.hasOwnProperty.call(message, "cut"))
                    writer.uint32(/* id 4, wireType 0 =*/32).bool(message.cut);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a LogReport message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.LogReport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.LogReport & drover.v1.LogReport.$Shape} LogReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            LogReport.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.LogReport();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.operationId = reader.stringVerify();
                            message._operationId = "operationId";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            message.attempt = reader.uint32();
                            message._attempt = "attempt";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.lines = reader.bytes();
                            message._lines = "lines";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            message.cut = reader.bool();
                            message._cut = "cut";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for LogReport
             * @function getTypeUrl
             * @memberof drover.v1.LogReport
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            LogReport.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.LogReport";
            };

            return LogReport;
        })();

        v1.Presence = (function() {

            /**
             * Properties of a Presence.
             * @typedef {Object} drover.v1.Presence.$Properties
             * @property {boolean|null} [online] Presence online
             * @property {Uint8Array|null} [connectionId] Presence connectionId
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Presence.
             * @memberof drover.v1
             * @interface IPresence
             * @augments drover.v1.Presence.$Properties
             * @deprecated Use drover.v1.Presence.$Properties instead.
             */

            /**
             * Shape of a Presence.
             * @typedef {drover.v1.Presence.$Properties} drover.v1.Presence.$Shape
             */

            /**
             * Constructs a new Presence.
             * @memberof drover.v1
             * @classdesc Represents a Presence.
             * @constructor
             * @param {drover.v1.Presence.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Presence = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Presence online.
             * @member {boolean|null} online
             * @memberof drover.v1.Presence
             * @instance
             */
            Presence.prototype.online = null;

            /**
             * Presence connectionId.
             * @member {Uint8Array|null} connectionId
             * @memberof drover.v1.Presence
             * @instance
             */
            Presence.prototype.connectionId = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Presence.prototype, "_online", {
                get: $util.oneOfGetter($oneOfFields = ["online"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Presence.prototype, "_connectionId", {
                get: $util.oneOfGetter($oneOfFields = ["connectionId"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Presence instance using the specified properties.
             * @function create
             * @memberof drover.v1.Presence
             * @static
             * @param {drover.v1.Presence.$Properties=} [properties] Properties to set
             * @returns {drover.v1.Presence} Presence instance
             * @type {{
             *   (properties: drover.v1.Presence.$Shape): drover.v1.Presence & drover.v1.Presence.$Shape;
             *   (properties?: drover.v1.Presence.$Properties): drover.v1.Presence;
             * }}
             */
            Presence.create = function(properties) {
                return new Presence(properties);
            };

            /**
             * Encodes the specified Presence message. Does not implicitly {@link drover.v1.Presence.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.Presence
             * @static
             * @param {drover.v1.Presence.$Properties} message Presence message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Presence.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.online != null && $Object.hasOwnProperty.call(message, "online"))
                    writer.uint32(/* id 1, wireType 0 =*/8).bool(message.online);
                if (message.connectionId != null && $Object.hasOwnProperty.call(message, "connectionId"))
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.connectionId);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Presence message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.Presence
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.Presence & drover.v1.Presence.$Shape} Presence
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Presence.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.Presence();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            message.online = reader.bool();
                            message._online = "online";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.connectionId = reader.bytes();
                            message._connectionId = "connectionId";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for Presence
             * @function getTypeUrl
             * @memberof drover.v1.Presence
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            Presence.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.Presence";
            };

            return Presence;
        })();

        v1.BundleHeader = (function() {

            /**
             * Properties of a BundleHeader.
             * @typedef {Object} drover.v1.BundleHeader.$Properties
             * @property {Uint8Array|null} [envelope] BundleHeader envelope
             * @property {Uint8Array|null} [chunkIndex] BundleHeader chunkIndex
             * @property {Uint8Array|null} [encodedLengths] BundleHeader encodedLengths
             * @property {Uint8Array|null} [encodings] BundleHeader encodings
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a BundleHeader.
             * @memberof drover.v1
             * @interface IBundleHeader
             * @augments drover.v1.BundleHeader.$Properties
             * @deprecated Use drover.v1.BundleHeader.$Properties instead.
             */

            /**
             * Shape of a BundleHeader.
             * @typedef {drover.v1.BundleHeader.$Properties} drover.v1.BundleHeader.$Shape
             */

            /**
             * Constructs a new BundleHeader.
             * @memberof drover.v1
             * @classdesc Represents a BundleHeader.
             * @constructor
             * @param {drover.v1.BundleHeader.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const BundleHeader = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * BundleHeader envelope.
             * @member {Uint8Array|null} envelope
             * @memberof drover.v1.BundleHeader
             * @instance
             */
            BundleHeader.prototype.envelope = null;

            /**
             * BundleHeader chunkIndex.
             * @member {Uint8Array|null} chunkIndex
             * @memberof drover.v1.BundleHeader
             * @instance
             */
            BundleHeader.prototype.chunkIndex = null;

            /**
             * BundleHeader encodedLengths.
             * @member {Uint8Array|null} encodedLengths
             * @memberof drover.v1.BundleHeader
             * @instance
             */
            BundleHeader.prototype.encodedLengths = null;

            /**
             * BundleHeader encodings.
             * @member {Uint8Array|null} encodings
             * @memberof drover.v1.BundleHeader
             * @instance
             */
            BundleHeader.prototype.encodings = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(BundleHeader.prototype, "_envelope", {
                get: $util.oneOfGetter($oneOfFields = ["envelope"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(BundleHeader.prototype, "_chunkIndex", {
                get: $util.oneOfGetter($oneOfFields = ["chunkIndex"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(BundleHeader.prototype, "_encodedLengths", {
                get: $util.oneOfGetter($oneOfFields = ["encodedLengths"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(BundleHeader.prototype, "_encodings", {
                get: $util.oneOfGetter($oneOfFields = ["encodings"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new BundleHeader instance using the specified properties.
             * @function create
             * @memberof drover.v1.BundleHeader
             * @static
             * @param {drover.v1.BundleHeader.$Properties=} [properties] Properties to set
             * @returns {drover.v1.BundleHeader} BundleHeader instance
             * @type {{
             *   (properties: drover.v1.BundleHeader.$Shape): drover.v1.BundleHeader & drover.v1.BundleHeader.$Shape;
             *   (properties?: drover.v1.BundleHeader.$Properties): drover.v1.BundleHeader;
             * }}
             */
            BundleHeader.create = function(properties) {
                return new BundleHeader(properties);
            };

            /**
             * Encodes the specified BundleHeader message. Does not implicitly {@link drover.v1.BundleHeader.verify|verify} messages.
             * @function encode
             * @memberof drover.v1.BundleHeader
             * @static
             * @param {drover.v1.BundleHeader.$Properties} message BundleHeader message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            BundleHeader.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.envelope != null && $Object.hasOwnProperty.call(message, "envelope"))
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.envelope);
                if (message.chunkIndex != null && $Object.hasOwnProperty.call(message, "chunkIndex"))
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.chunkIndex);
                if (message.encodedLengths != null && $Object.hasOwnProperty.call(message, "encodedLengths"))
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.encodedLengths);
                if (message.encodings != null && $Object.hasOwnProperty.call(message, "encodings"))
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.encodings);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a BundleHeader message from the specified reader or buffer.
             * @function decode
             * @memberof drover.v1.BundleHeader
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {drover.v1.BundleHeader & drover.v1.BundleHeader.$Shape} BundleHeader
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            BundleHeader.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.drover.v1.BundleHeader();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.envelope = reader.bytes();
                            message._envelope = "envelope";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.chunkIndex = reader.bytes();
                            message._chunkIndex = "chunkIndex";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.encodedLengths = reader.bytes();
                            message._encodedLengths = "encodedLengths";
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.encodings = reader.bytes();
                            message._encodings = "encodings";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Gets the type url for BundleHeader
             * @function getTypeUrl
             * @memberof drover.v1.BundleHeader
             * @static
             * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns {string} The type url
             */
            BundleHeader.getTypeUrl = function(prefix) {
                if (prefix === $undefined)
                    prefix = "type.googleapis.com";
                return prefix + "/drover.v1.BundleHeader";
            };

            return BundleHeader;
        })();

        return v1;
    })();

    return drover;
})();

export {
  $root as default
};
