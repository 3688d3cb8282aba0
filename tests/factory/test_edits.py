from hypothesis import given, settings, strategies as st
from factory.edits import Edit, EditMap
@st.composite
def edits(draw, n):
    cuts = sorted(draw(st.lists(st.integers(0, n), max_size=10)))
    out=[]
    for a,b in zip(cuts[::2], cuts[1::2]):
        if a<b: out.append(Edit(a,b,"k",draw(st.text("XYZ",max_size=4))))
    return out
@settings(max_examples=3000)
@given(st.data())
def test(data):
    src = data.draw(st.text("abcdefgh", max_size=20))
    m = EditMap(); cur = src
    for _ in range(data.draw(st.integers(0,3))):
        e = data.draw(edits(len(cur)))
        nxt = EditMap(tuple(e)).apply(cur)
        m = m.then(e); cur = nxt
        assert m.apply(src) == cur
    if cur:
        a = data.draw(st.integers(0,len(cur)-1)); b = data.draw(st.integers(a+1,len(cur)))
        s,e = m.to_source(a,b)
        wa,wb = m.widen(a,b)
        assert wa<=a and wb>=b
        assert m.within(s,e).apply(src[s:e]) == cur[wa:wb], (src, m, a,b)
    if src:
        s = data.draw(st.integers(0,len(src)-1)); e = data.draw(st.integers(s+1,len(src)))
        a,b = m.to_edited(s,e)
        assert 0<=a<=b<=len(cur)
