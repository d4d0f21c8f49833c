TEST(three)
{
}
